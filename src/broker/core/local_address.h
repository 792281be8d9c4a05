// The address and name a broker is known by when its configuration names none. Source: reports A1.
#pragma once

#include <string>
#include <vector>

namespace mq::broker {

struct Interface {
  std::string name;
  std::string ip;        // numeric text
  bool up = true;
};

struct ChosenAddress {
  std::string ip;
  std::string why;       // for the start-up line
};

/// Pure. Never loopback, 0.x or a link-local address while another one is up; bridges of containers come last; IPv4 before
/// IPv6.
ChosenAddress choose_address(const std::vector<Interface>& interfaces);
/// This machine's interfaces.
std::vector<Interface> local_interfaces();
/// The host name, "DEFAULT_BROKER" when there is none.
std::string local_host_name();

}  // namespace mq::broker
