// CRC-32 as java.util.zip.CRC32 and zlib compute it: polynomial 0xEDB88320, reflected.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace mq {

/// Carry-less multiplication where the processor has it, zlib otherwise; chosen once.
uint32_t crc32(ByteView bytes) noexcept;
/// Goes on from the CRC of the bytes before.
uint32_t crc32(uint32_t crc, ByteView bytes) noexcept;
/// The value as it stands in records and headers: the sign bit is always off.
inline int32_t crc31(ByteView bytes) noexcept { return static_cast<int32_t>(crc32(bytes) & 0x7FFFFFFF); }

}  // namespace mq
