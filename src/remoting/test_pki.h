// Keys and certificates for tests, made with OpenSSL.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <string>

namespace mq::remoting::test {

/// A key with a certificate of its own, or signed by another.
class Identity {
 public:
  explicit Identity(const std::string& name, const Identity* issuer = nullptr) : key_(EVP_EC_gen("P-256")), cert_(X509_new()) {
    static long serial = 1;
    ASN1_INTEGER_set(X509_get_serialNumber(cert_), ++serial);
    X509_set_version(cert_, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(cert_), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert_), 24 * 3600);
    X509_NAME* subject = X509_get_subject_name(cert_);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(cert_, issuer ? X509_get_subject_name(issuer->cert_) : subject);
    X509_set_pubkey(cert_, key_);
    if (!issuer) {
      X509_EXTENSION* ca = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
      X509_add_ext(cert_, ca, -1);
      X509_EXTENSION_free(ca);
    }
    X509_sign(cert_, issuer ? issuer->key_ : key_, EVP_sha256());
  }
  ~Identity() {
    X509_free(cert_);
    EVP_PKEY_free(key_);
  }
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  std::string certificate() const {
    return text([this](BIO* b) { PEM_write_bio_X509(b, cert_); });
  }
  /// PKCS#8, encrypted when there is a password.
  std::string key(const std::string& password = "") const {
    return text([&](BIO* b) {
      char* secret = password.empty() ? nullptr : const_cast<char*>(password.c_str());
      PEM_write_bio_PKCS8PrivateKey(b, key_, secret ? EVP_aes_128_cbc() : nullptr, secret, static_cast<int>(password.size()), nullptr, nullptr);
    });
  }
  /// The older form, "BEGIN EC PRIVATE KEY".
  std::string old_key() const {
    return text([this](BIO* b) { PEM_write_bio_PrivateKey_traditional(b, key_, nullptr, nullptr, 0, nullptr, nullptr); });
  }

 private:
  template <class F>
  static std::string text(F write) {
    BIO* bio = BIO_new(BIO_s_mem());
    write(bio);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string made(data, static_cast<size_t>(size));
    BIO_free(bio);
    return made;
  }

  EVP_PKEY* key_;
  X509* cert_;
};

}  // namespace mq::remoting::test
