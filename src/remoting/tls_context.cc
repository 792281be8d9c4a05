#include "remoting/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

#include "base/check.h"

namespace mq::remoting {
namespace {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* p) const noexcept { kFree(p); }
};
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertPtr = std::unique_ptr<X509, Freed<X509_free>>;
using CtxPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;

BioPtr reading(const std::string& text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

/// What OpenSSL has to say, and nothing of it stays behind.
std::string reason() {
  const unsigned long code = ERR_peek_error();
  const char* text = code ? ERR_reason_error_string(code) : nullptr;
  std::string said = text ? text : "no reason given";
  ERR_clear_error();
  return said;
}

Failure unusable(const std::string& what) { return fail(Errc::kInvalid, what + ": " + reason()); }

// ---- keys and certificates ---------------------------------------------------------------------------------------

/// A library context of its own for old ciphers: RocketMQ's documentation has keys made with PBE-SHA1-RC4-128, which
/// OpenSSL 3 reads with its legacy provider only. TLS itself never sees that provider.
OSSL_LIB_CTX* legacy() {
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* c = OSSL_LIB_CTX_new();
    (void)OSSL_PROVIDER_load(c, "legacy");   // may be missing on this machine: then such a key is refused
    (void)OSSL_PROVIDER_load(c, "default");
    ERR_clear_error();
    return c;
  }();
  return context;
}

int give_password(char* to, int size, int, void* of) {
  const auto& password = *static_cast<const std::string*>(of);
  const int n = std::min(size, static_cast<int>(password.size()));
  std::copy_n(password.data(), n, to);
  return n;
}

Result<KeyPtr> read_key(const std::string& text, const std::string& password) {
  auto* const secret = const_cast<std::string*>(&password);
  const BioPtr first = reading(text);
  if (KeyPtr key(PEM_read_bio_PrivateKey(first.get(), nullptr, give_password, secret)); key) return key;
  std::string why = reason();
  const BioPtr second = reading(text);
  const KeyPtr old(PEM_read_bio_PrivateKey_ex(second.get(), nullptr, give_password, secret, legacy(), nullptr));
  ERR_clear_error();
  if (!old) return fail(Errc::kInvalid, "the private key cannot be read (is the password right?): " + why);
  unsigned char* der = nullptr;   // through its plain form into the usual context
  const int size = i2d_PrivateKey(old.get(), &der);
  const unsigned char* p = der;
  KeyPtr key(size > 0 ? d2i_AutoPrivateKey(nullptr, &p, size) : nullptr);
  OPENSSL_clear_free(der, size > 0 ? static_cast<size_t>(size) : 0);
  if (!key) return unusable("the private key cannot be read");
  return key;
}

/// Chain, leaf first.
Result<> use_chain(SSL_CTX* ctx, const std::string& text) {
  const BioPtr bio = reading(text);
  const CertPtr leaf(PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
  if (!leaf) return unusable("the certificate cannot be read");
  if (SSL_CTX_use_certificate(ctx, leaf.get()) != 1) return unusable("the certificate cannot be used");
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    if (SSL_CTX_add0_chain_cert(ctx, next) == 1) continue;
    X509_free(next);
    return unusable("the certificate chain cannot be used");
  }
  ERR_clear_error();   // "no start line": the end
  return {};
}

Result<> trust(SSL_CTX* ctx, TlsContext::Side side, const std::string& text) {
  if (text.empty()) {
    SSL_CTX_set_default_verify_paths(ctx);
    return {};
  }
  const BioPtr bio = reading(text);
  size_t count = 0;
  while (const CertPtr ca{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    ++count;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca.get()) != 1) return unusable("a trusted certificate cannot be used");
    if (side == TlsContext::Side::kServer) SSL_CTX_add_client_CA(ctx, ca.get());   // named in the question for a certificate
  }
  if (count == 0) return unusable("the trusted certificates cannot be read");
  ERR_clear_error();
  // A certificate that is trusted by itself need not be a CA: Java's trust managers take it so.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
  return {};
}

/// Test mode: a key and a certificate for "localhost" that nobody can trust. P-256, which every client since TLS 1.2 has: an
/// RSA key would take a hundred times as long to make.
Result<> use_own(SSL_CTX* ctx) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertPtr cert(X509_new());
  if (!key || !cert) return unusable("no key can be made");
  unsigned char serial[8];
  RAND_bytes(serial, sizeof serial);
  serial[0] &= 0x7f;
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(BN_bin2bn(serial, sizeof serial, nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(cert.get()));
  X509_set_version(cert.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -24L * 3600);
  X509_time_adj_ex(X509_getm_notAfter(cert.get()), 10 * 365, 0, nullptr);
  X509_NAME* name = X509_get_subject_name(cert.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(cert.get(), name);
  X509_set_pubkey(cert.get(), key.get());
  if (X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"); names) {
    X509_add_ext(cert.get(), names, -1);
    X509_EXTENSION_free(names);
  }
  if (X509_sign(cert.get(), key.get(), EVP_sha256()) == 0 || SSL_CTX_use_certificate(ctx, cert.get()) != 1 ||
      SSL_CTX_use_PrivateKey(ctx, key.get()) != 1) {
    return unusable("no certificate can be made");
  }
  return {};
}

int take_any(X509_STORE_CTX*, void*) { return 1; }

// ---- one connection ----------------------------------------------------------------------------------------------

/// OpenSSL reads from and writes to the buffers of the call that is under way; its record buffers go while nothing is (34 KiB
/// for each connection otherwise).
class TlsFilter final : public env::StreamFilter {
 public:
  TlsFilter(SSL_CTX* ctx, TlsContext::Side side, const std::string& server_name) : ssl_(SSL_new(ctx)) {
    MQ_CHECK(ssl_);   // out of memory
    BIO* bio = BIO_new(method());
    MQ_CHECK(bio);
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    if (side == TlsContext::Side::kServer) SSL_set_accept_state(ssl_.get());
    else SSL_set_connect_state(ssl_.get());
    if (!server_name.empty()) SSL_set_tlsext_host_name(ssl_.get(), server_name.c_str());
  }

  Result<> receive(ByteView arrived, ByteBuffer& plain, ByteBuffer& wire) noexcept override {
    const Buffers now(*this, arrived, &wire);
    if (!open_) {
      const int rc = SSL_do_handshake(ssl_.get());
      if (rc != 1) return SSL_get_error(ssl_.get(), rc) == SSL_ERROR_WANT_READ ? Result<>() : broken("TLS handshake failed");
      open_ = true;
    }
    for (;;) {
      const size_t room = std::clamp(in_.size(), kLeastRead, kRecord);
      const int n = SSL_read(ssl_.get(), plain.reserve(room), static_cast<int>(room));
      if (n > 0) {
        plain.commit(static_cast<size_t>(n));
        continue;
      }
      switch (SSL_get_error(ssl_.get(), n)) {
        case SSL_ERROR_WANT_READ: return {};
        case SSL_ERROR_ZERO_RETURN: return fail(Errc::kClosed, "closed by the peer");
        default: return broken("TLS broke");
      }
    }
  }

  bool open() const noexcept override { return open_; }

  void send(ByteView plain, ByteBuffer& wire) noexcept override {
    const Buffers now(*this, {}, &wire);
    wire.reserve(plain.size() + (plain.size() / kRecord + 1) * 64);
    while (!plain.empty()) {
      // Only a broken stream refuses to write: its next receive() says so, and the rest has nowhere to go.
      const int n = SSL_write(ssl_.get(), plain.data(), static_cast<int>(std::min<size_t>(plain.size(), 1 << 30)));
      if (n <= 0) return ERR_clear_error();
      plain = plain.subspan(static_cast<size_t>(n));
    }
  }

  void finish(ByteBuffer& wire) noexcept override {
    if (!open_ || broken_) return;
    const Buffers now(*this, {}, &wire);
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }

 private:
  static constexpr size_t kRecord = 16 << 10;
  static constexpr size_t kLeastRead = 256;

  /// What the BIO sees during one call.
  class Buffers {
   public:
    Buffers(TlsFilter& f, ByteView in, ByteBuffer* out) : f_(f) { f.in_ = in, f.wire_ = out; }
    ~Buffers() { f_.in_ = {}, f_.wire_ = nullptr; }

   private:
    TlsFilter& f_;
  };

  Result<> broken(const char* what) {
    broken_ = true;
    const long verdict = SSL_get_verify_result(ssl_.get());
    std::string why = reason();
    if (verdict != X509_V_OK) why += std::string(" (") + X509_verify_cert_error_string(verdict) + ")";
    return fail(Errc::kInvalid, std::string(what) + ": " + why);
  }

  static TlsFilter& of(BIO* bio) { return *static_cast<TlsFilter*>(BIO_get_data(bio)); }
  static int bio_read(BIO* bio, char* to, int size) {
    TlsFilter& f = of(bio);
    BIO_clear_retry_flags(bio);
    const size_t n = std::min(f.in_.size(), static_cast<size_t>(size));
    if (n == 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    std::copy_n(reinterpret_cast<const char*>(f.in_.data()), n, to);
    f.in_ = f.in_.subspan(n);
    return static_cast<int>(n);
  }
  static int bio_write(BIO* bio, const char* from, int size) {
    if (ByteBuffer* wire = of(bio).wire_) wire->append(from, static_cast<size_t>(size));
    return size;
  }
  static long bio_ctrl(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static BIO_METHOD* method() {
    static BIO_METHOD* const m = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
      BIO_meth_set_read(made, bio_read);
      BIO_meth_set_write(made, bio_write);
      BIO_meth_set_ctrl(made, bio_ctrl);
      return made;
    }();
    return m;
  }

  const SslPtr ssl_;
  ByteView in_;                  // while a call is under way
  ByteBuffer* wire_ = nullptr;   // likewise
  bool open_ = false;            // the handshake is done
  bool broken_ = false;
};

class OpenSslContext final : public TlsContext {
 public:
  OpenSslContext(Side side, CtxPtr ctx) : side_(side), ctx_(std::move(ctx)) {
    const X509* own = SSL_CTX_get0_certificate(ctx_.get());
    std::tm end{};
    if (own && ASN1_TIME_to_tm(X509_get0_notAfter(own), &end) == 1) not_after_ = ::timegm(&end);
  }
  std::unique_ptr<env::StreamFilter> filter(const std::string& server_name) const override {
    return std::make_unique<TlsFilter>(ctx_.get(), side_, server_name);
  }
  int64_t not_after() const noexcept override { return not_after_; }

 private:
  const Side side_;
  const CtxPtr ctx_;
  int64_t not_after_ = 0;
};

Result<> use_identity(SSL_CTX* ctx, const TlsMaterial& m) {
  MQ_TRY_VOID(use_chain(ctx, m.certificate));
  MQ_TRY(const KeyPtr key, read_key(m.key, m.key_password));
  if (SSL_CTX_use_PrivateKey(ctx, key.get()) != 1 || SSL_CTX_check_private_key(ctx) != 1) {
    return unusable("the private key is not the certificate's");
  }
  return {};
}

void set_verification(SSL_CTX* ctx, TlsContext::Side side, const TlsMaterial& m) {
  const bool ask = side == TlsContext::Side::kServer ? m.peer != TlsMaterial::Peer::kNotAsked : m.verify;
  if (!ask) return SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | (m.peer == TlsMaterial::Peer::kRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  if (!m.verify) SSL_CTX_set_cert_verify_callback(ctx, take_any, nullptr);
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::make(Side side, const TlsMaterial& material) {
  ERR_clear_error();
  CtxPtr ctx(SSL_CTX_new(side == Side::kServer ? TLS_server_method() : TLS_client_method()));
  if (!ctx) return unusable("TLS cannot be set up");
  SSL_CTX_set_min_proto_version(ctx.get(), TLS1_2_VERSION);
  SSL_CTX_set_security_level(ctx.get(), 1);   // as a JVM: keys of 1024 bits and certificates of older tools still count
  SSL_CTX_set_options(ctx.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_num_tickets(ctx.get(), 0);   // the clients never resume
  SSL_CTX_set_session_cache_mode(ctx.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(ctx.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (!material.certificate.empty() || !material.key.empty()) MQ_TRY_VOID(use_identity(ctx.get(), material));
  else if (side == Side::kServer) MQ_TRY_VOID(use_own(ctx.get()));
  if (material.verify) MQ_TRY_VOID(trust(ctx.get(), side, material.trusted));
  set_verification(ctx.get(), side, material);
  return std::make_shared<const OpenSslContext>(side, std::move(ctx));
}

}  // namespace mq::remoting
