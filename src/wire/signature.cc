#include "wire/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/check.h"

namespace mq::wire {
namespace {

constexpr std::string_view kUniqueKeyQuery = "_UNIQUE_KEY_QUERY";
constexpr int32_t kVersion493 = 399;   // V4_9_3
constexpr size_t kDigestBytes = 20, kTextBytes = 28;
using SignatureText = std::array<char, kTextBytes + 1>;   // EVP_EncodeBlock ends it with a zero

/// A thread's HMAC context and order of fields, reused for every request.
class Signer {
 public:
  static Signer& of_thread() {
    thread_local Signer signer;
    return signer;
  }

  SignatureText sign(const Frame& frame, std::string_view secret_key) {
    sort_fields(frame);
    // An empty key would mean "the one before" to OpenSSL; HMAC pads a key with zeros, so one zero is the same as none.
    const std::string_view key = secret_key.empty() ? std::string_view("\0", 1) : secret_key;
    MQ_CHECK(EVP_MAC_init(context_.get(), reinterpret_cast<const unsigned char*>(key.data()), key.size(), nullptr) == 1);
    for (const ExtFields::Pair* pair : sorted_) add(pair->value.data() ? pair->value : std::string_view("null"));
    add(as_text(frame.body));
    std::array<unsigned char, kDigestBytes> digest;
    size_t size = 0;
    MQ_CHECK(EVP_MAC_final(context_.get(), digest.data(), &size, digest.size()) == 1 && size == digest.size());
    SignatureText text;
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), digest.data(), kDigestBytes);
    return text;
  }

 private:
  struct FreeContext {
    void operator()(EVP_MAC_CTX* c) const { EVP_MAC_CTX_free(c); }
  };

  Signer() {
    EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    MQ_CHECK(mac);
    context_.reset(EVP_MAC_CTX_new(mac));
    EVP_MAC_free(mac);   // the context keeps it
    char name[] = "SHA1";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", name, 0), OSSL_PARAM_construct_end()};
    MQ_CHECK(context_ && EVP_MAC_CTX_set_params(context_.get(), params) == 1);
  }

  void add(std::string_view bytes) {
    if (!bytes.empty()) MQ_CHECK(EVP_MAC_update(context_.get(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1);
  }

  /// Java's order of strings: by UTF-16 code unit, where surrogates (4 bytes in UTF-8) come before U+E000 to U+FFFF.
  static bool before(std::string_view a, std::string_view b) noexcept {
    const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    if (x == a.end() || y == b.end()) return x == a.end() && y != b.end();
    const auto weight = [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte == 0xee || byte == 0xef ? byte + 0x100 : int{byte};
    };
    return weight(*x) < weight(*y);
  }

  void sort_fields(const Frame& frame) {
    sorted_.clear();
    for (const ExtFields::Pair& pair : frame.ext.pairs()) {
      if (pair.key == kSignature || (frame.version <= kVersion493 && pair.key == kUniqueKeyQuery)) continue;
      // Few fields, often in order: insertion. A later pair of the same key replaces the earlier one.
      auto at = sorted_.end();
      while (at != sorted_.begin() && before(pair.key, at[-1]->key)) --at;
      if (at != sorted_.begin() && at[-1]->key == pair.key) at[-1] = &pair;
      else sorted_.insert(at, &pair);
    }
  }

  std::unique_ptr<EVP_MAC_CTX, FreeContext> context_;
  std::vector<const ExtFields::Pair*> sorted_;
};

}  // namespace

std::string signature_of(const Frame& frame, std::string_view secret_key) {
  return {Signer::of_thread().sign(frame, secret_key).data(), kTextBytes};
}

bool is_signed_with(const Frame& frame, std::string_view secret_key) {
  const std::string_view given = frame.ext.find(kSignature);
  const SignatureText right = Signer::of_thread().sign(frame, secret_key);
  return given.size() == kTextBytes && CRYPTO_memcmp(given.data(), right.data(), kTextBytes) == 0;
}

void append_signed(ByteBuffer& out, ByteView plain, const FrameHead& head, const Credentials& as) {
  Frame frame;
  MQ_CHECK(decode_frame(plain, frame));
  frame.ext.add(kAccessKey, as.access_key);
  if (!as.security_token.empty()) frame.ext.add(kSecurityToken, as.security_token);
  const std::string signature = signature_of(frame, as.secret_key);
  FrameWriter w(out, head, true);
  for (const auto& [key, value] : frame.ext.pairs()) w.field(key, value);
  w.field(kSignature, std::string_view(signature));
  w.finish(frame.body);
}

}  // namespace mq::wire
