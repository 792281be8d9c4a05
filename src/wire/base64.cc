#include "wire/base64.h"

#include <openssl/evp.h>

namespace mq::wire {

std::string base64(ByteView bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '\0');   // the zero that OpenSSL adds goes where the string's own stands
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  return text;
}

}  // namespace mq::wire
