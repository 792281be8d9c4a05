// MQ_CHECK stops the process on a bug, in every build. MQ_DCHECK does so in builds with MQ_DCHECKS, for hot loops.
// Bytes from disk or network are never checked with these: they are input and end in a Result.
#pragma once

namespace mq {
[[noreturn]] void check_failed(const char* file, int line, const char* expression) noexcept;
}

#define MQ_CHECK(cond) (static_cast<bool>(cond) ? void(0) : ::mq::check_failed(__FILE__, __LINE__, #cond))
#if defined(MQ_DCHECKS)
#define MQ_DCHECK(cond) MQ_CHECK(cond)
#else
#define MQ_DCHECK(cond) void(0)
#endif
