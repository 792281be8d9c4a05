// systemd's notification protocol (sd_notify(3)) without its library: datagrams to the socket named by NOTIFY_SOCKET.
#pragma once

#include <cstdint>
#include <string_view>

namespace mq::apps {

/// Sends "READY=1" and the like. Does nothing when systemd did not start the process, or not as Type=notify.
void sd_notify(std::string_view state) noexcept;
/// WatchdogSec of the unit in ms, 0 when there is none for this process.
int64_t sd_watchdog_ms() noexcept;

}  // namespace mq::apps
