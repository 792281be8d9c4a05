// Why a RocketMQ key that is accepted for compatibility changes nothing here.
#pragma once

#include <string_view>

namespace mq {

/// One clause for warnings and the reference page. Keys are told apart by their names: those of one kind are alike.
std::string_view why_no_effect(std::string_view key) noexcept;

}  // namespace mq
