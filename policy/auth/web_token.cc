// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/web_token.h"

#include <cstdlib>
#include <map>

#include <cjose/cjose.h>
#include <nlohmann/json.hpp>

#include "policy/base/handle.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t least_bits = 2048;  // RFC 7518 §3.3
constexpr std::string_view algorithm = "RS256";

void release_key(cjose_jwk_t* key) { cjose_jwk_release(key); }
using Key = Handle<cjose_jwk_t, release_key>;
using Signed = Handle<cjose_jws_t, cjose_jws_release>;

std::string text_of(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// A key that may have signed; empty for one of another kind.
Key usable(const nlohmann::json& object) {
  if (!object.is_object() || text_of(object, "kty") != "RSA" || text_of(object, "kid").empty()) {
    return nullptr;
  }
  const std::string use = text_of(object, "use");
  const std::string alg = text_of(object, "alg");
  if ((!use.empty() && use != "sig") || (!alg.empty() && alg != algorithm)) return nullptr;
  const std::string json = object.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  cjose_err error{};
  Key key(cjose_jwk_import(json.data(), json.size(), &error));
  return key && cjose_jwk_get_keysize(key.get(), &error) >= least_bits ? std::move(key) : nullptr;
}

// The text of a member of the token's header; empty when it has none.
std::string header_text(cjose_header_t* header, const char* name) {
  cjose_err error{};
  const char* const value = cjose_header_get(header, name, &error);
  return value == nullptr ? "" : value;
}

bool has_header(cjose_header_t* header, const char* name) {
  cjose_err error{};
  char* const raw = cjose_header_get_raw(header, name, &error);
  const bool is_there = raw != nullptr;
  std::free(raw);
  return is_there;
}

bool is_compact(std::string_view token) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  return !token.empty() && split(token, '.').size() == 3 &&
         token.find_first_not_of(alphabet) == std::string_view::npos;
}

}  // namespace

struct WebKeySet::Keys {
  std::map<std::string, Key, std::less<>> by_name;
};

WebKeySet::WebKeySet(std::shared_ptr<const Keys> keys) : keys_(std::move(keys)) {}

Result<WebKeySet> WebKeySet::parse(std::string_view json) {
  const auto set = nlohmann::json::parse(json, nullptr, false);
  if (!set.is_object() || !set.contains("keys") || !set["keys"].is_array()) {
    return fail(Code::config, "expected a JWK Set, {\"keys\": [...]} (RFC 7517 section 5)");
  }
  auto keys = std::make_shared<Keys>();
  for (const auto& object : set["keys"]) {
    if (Key key = usable(object)) keys->by_name[text_of(object, "kid")] = std::move(key);
  }
  if (keys->by_name.empty()) {
    return fail(Code::config,
                fmt::format("expected RSA keys of {} bits with a kid that sign with {}, found none",
                            least_bits, algorithm));
  }
  return WebKeySet(std::move(keys));
}

Result<std::string> WebKeySet::verified(std::string_view token) const {
  if (token.size() > longest_token) {
    return fail(Code::syntax, fmt::format("token of {} octets: expected at most {}", token.size(),
                                          longest_token));
  }
  if (!is_compact(token)) {
    return fail(Code::syntax,
                "expected a token of three parts in base64url (RFC 7515 section 7.1)");
  }
  cjose_err error{};
  const Signed jws(cjose_jws_import(token.data(), token.size(), &error));
  if (!jws) return fail(Code::syntax, "the token cannot be read (RFC 7515 section 5.2)");
  cjose_header_t* const header = cjose_jws_get_protected(jws.get());
  // Said before any key is looked at, so that no header chooses what a key is used for.
  if (const std::string alg = header_text(header, "alg"); alg != algorithm) {
    return fail(Code::permanent,
                fmt::format("signed with \"{}\", expected {}", for_log(alg, 40), algorithm));
  }
  if (has_header(header, "crit")) {
    return fail(Code::permanent, "it needs extensions that are not known here (crit)");
  }
  const std::string kid = header_text(header, "kid");
  const auto key = keys_->by_name.find(kid);
  if (kid.empty() || key == keys_->by_name.end()) {
    return fail(Code::permanent,
                fmt::format("signed with the key \"{}\", which is not among the published ones; "
                            "fetch them anew",
                            for_log(kid, 80)));
  }
  if (!cjose_jws_verify(jws.get(), key->second.get(), &error)) {
    return fail(Code::permanent,
                fmt::format("the signature of the key \"{}\" does not verify", for_log(kid, 80)));
  }
  std::uint8_t* octets = nullptr;
  std::size_t size = 0;
  if (!cjose_jws_get_plaintext(jws.get(), &octets, &size, &error)) {
    return fail(Code::syntax, "the token has no payload");
  }
  return std::string(reinterpret_cast<const char*>(octets), size);  // octets belong to jws
}

}  // namespace icm
