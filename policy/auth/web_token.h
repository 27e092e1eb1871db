// SPDX-License-Identifier: Apache-2.0
//
// JSON Web Tokens that somebody else signed with RS256 (RFC 7515, RFC 7519), and his published keys
// (RFC 7517). With web_token.cc the only user of cjose.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace icm {

// Immutable, cheap to copy, safe from any thread.
class WebKeySet {
 public:
  // A JWK Set as it is published. RSA keys of 2048 bits and more (RFC 7518 §3.3) that have a name
  // (kid) and may sign are taken, others passed over; none at all is Code::config.
  [[nodiscard]] static Result<WebKeySet> parse(std::string_view json);

  // The payload of a token in compact form that a key of this set signed. Code::syntax for what is
  // no such token, Code::permanent for one that is not to be believed: another algorithm than RS256
  // ("none" and HMAC among them: RFC 8725 §3.1), no or an unknown kid, extensions that must be
  // understood (RFC 7515 §4.1.11), a wrong signature.
  [[nodiscard]] Result<std::string> verified(std::string_view token) const;

  static constexpr std::size_t longest_token = 16384;

 private:
  struct Keys;
  explicit WebKeySet(std::shared_ptr<const Keys> keys);
  std::shared_ptr<const Keys> keys_;
};

}  // namespace icm
