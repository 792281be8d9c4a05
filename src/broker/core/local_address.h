// The address and name a broker is known by when its configuration names none. 
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

/// Pure. The address from which this machine reaches the NameServer (`route_source`, "" when unknown) is taken when it is one of
/// `interfaces` and not loopback. Else never loopback, 0.x or a link-local address while another one is up; bridges of
/// containers come last; IPv4 before IPv6.
ChosenAddress choose_address(const std::vector<Interface>& interfaces, const std::string& route_source = "");
/// The source address of the route to a numeric address, "" when there is none. Sends nothing.
std::string route_source(const std::string& to_ip);
/// This machine's interfaces.
std::vector<Interface> local_interfaces();
/// The host name, "DEFAULT_BROKER" when there is none.
std::string local_host_name();

}  // namespace mq::broker
