// The first bytes of a connection: the PROXY protocol's line and binary header.
#include "fuzz.h"
#include "remoting/proxy_header.h"

using namespace mq;
using State = remoting::ProxyHeader::State;

/// A header is the same however it is cut, and whatever follows it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const fuzz::Exact all({reinterpret_cast<const char*>(data), size});
  const auto found = remoting::read_proxy_header(all.bytes());
  MQ_CHECK(found.why.empty() == (found.state != State::kBad));
  if (found.state != State::kComplete) {
    MQ_CHECK(!found.source && found.bytes == 0);
    return 0;
  }
  MQ_CHECK(found.bytes <= size && found.bytes <= remoting::ProxyHeader::kMaxBytes);
  if (found.source) {
    MQ_CHECK(found.source->port != 0);
    const auto ip = found.source->ip_bytes();
    MQ_CHECK(ip.size() == 4 || ip.size() == 16);
    MQ_CHECK(env::Endpoint::of_ip(ip, found.source->port) == *found.source);
  }
  for (size_t n = 1; n < std::min<size_t>(found.bytes, 300); ++n) {
    const fuzz::Exact part(all.text().substr(0, n));
    MQ_CHECK(remoting::read_proxy_header(part.bytes()).state == State::kIncomplete);
  }
  const fuzz::Exact alone(all.text().substr(0, found.bytes));
  const auto again = remoting::read_proxy_header(alone.bytes());
  MQ_CHECK(again.state == State::kComplete && again.bytes == found.bytes && again.source == found.source);
  return 0;
}
