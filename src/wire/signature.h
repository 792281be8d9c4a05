// Signatures of requests: base64(HMAC-SHA1(secret key, values of extFields in the order of their keys, then the body)).
// Source: spec protocol 9.1, semantics 27.2.
#pragma once

#include <string>
#include <string_view>

#include "wire/frame.h"

namespace mq::wire {

inline constexpr std::string_view kAccessKey = "AccessKey";
inline constexpr std::string_view kSignature = "Signature";
inline constexpr std::string_view kSecurityToken = "SecurityToken";

/// Who this process is towards a server. Empty: its requests are not signed.
struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string security_token;   // optional
  bool empty() const noexcept { return access_key.empty() || secret_key.empty(); }
};

/// The signature of a frame's extFields (but "Signature") and body. Of equal keys the last counts; keys go by UTF-16 code unit, as Java
/// orders them; a null value counts as "null". A client up to V4_9_3 added _UNIQUE_KEY_QUERY behind the signature: it is left out.
///
/// Thread: any. Nothing is allocated once a thread has signed a request of that many fields, but for what OpenSSL 3.0's HMAC allocates
/// (five small pieces each time).
/// Source: spec protocol 9.1; pinned by Signature.* and the wire checks L01.
std::string signature_of(const Frame& frame, std::string_view secret_key);
/// Whether the frame carries that signature; takes the same time wherever they differ.
bool is_signed_with(const Frame& frame, std::string_view secret_key);

/// Appends the same frame with AccessKey and Signature. `plain` is one whole frame of ours, without them, led by `head`.
void append_signed(ByteBuffer& out, ByteView plain, const FrameHead& head, const Credentials& as);

}  // namespace mq::wire
