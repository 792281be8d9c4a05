#include "broker/core/local_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace mq::broker {

namespace {

/// Lower is better; negative is never taken.
int rank(const Interface& i) {
  const std::string_view ip = i.ip, name = i.name;
  if (!i.up || ip.starts_with("127.") || ip == "::1" || ip.starts_with("0.") || ip.starts_with("169.254.") || ip.starts_with("fe80:")) return -1;
  const bool bridge = name.starts_with("docker") || name.starts_with("br-") || name.starts_with("veth") || name.starts_with("virbr") ||
                      name.starts_with("cni") || name.starts_with("flannel") || name.starts_with("podman");
  return (bridge ? 2 : 0) + (ip.find(':') != std::string_view::npos ? 1 : 0);
}

}  // namespace

ChosenAddress choose_address(const std::vector<Interface>& interfaces, const std::string& route_source) {
  const Interface* best = nullptr;
  for (const Interface& i : interfaces) {
    if (!route_source.empty() && i.ip == route_source && rank(i) >= 0) {
      return {i.ip, "the address of " + i.name + ", from where the NameServer is reached; set brokerIP1 to choose another"};
    }
  }
  for (const Interface& i : interfaces) {
    if (rank(i) >= 0 && (!best || rank(i) < rank(*best))) best = &i;
  }
  if (!best) return {"127.0.0.1", "no interface but loopback has an address: only clients on this machine can connect; set brokerIP1"};
  return {best->ip, "the address of " + best->name + "; set brokerIP1 to choose another"};
}

std::string route_source(const std::string& to_ip) {
  sockaddr_storage address{};
  socklen_t size = 0;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
  if (inet_pton(AF_INET, to_ip.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(9);   // any: connect() of a datagram socket only looks up the route
    size = sizeof *v4;
  } else if (inet_pton(AF_INET6, to_ip.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(9);
    size = sizeof *v6;
  } else {
    return {};
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {};
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 && getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    const void* ip = address.ss_family == AF_INET ? static_cast<const void*>(&v4->sin_addr) : static_cast<const void*>(&v6->sin6_addr);
    inet_ntop(address.ss_family, ip, text.data(), text.size());
  }
  close(fd);
  return text.data();
}

std::vector<Interface> local_interfaces() {
  std::vector<Interface> found;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return found;
  for (const ifaddrs* i = list; i; i = i->ifa_next) {
    if (!i->ifa_addr) continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (i->ifa_addr->sa_family == AF_INET) {
      inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(i->ifa_addr)->sin_addr, text.data(), text.size());
    } else if (i->ifa_addr->sa_family == AF_INET6) {
      inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(i->ifa_addr)->sin6_addr, text.data(), text.size());
    } else {
      continue;
    }
    found.push_back({i->ifa_name, text.data(), (i->ifa_flags & IFF_UP) != 0});
  }
  freeifaddrs(list);
  return found;
}

std::string local_host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "DEFAULT_BROKER";
  return name.data();
}

}  // namespace mq::broker
