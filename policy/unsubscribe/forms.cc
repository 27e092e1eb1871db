// SPDX-License-Identifier: Apache-2.0
#include "policy/unsubscribe/forms.h"

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t longest_local = 64;  // RFC 5321 §4.5.3.1.1

// Where `mailto` is a domain alone, this local part takes what has its token in the subject.
constexpr std::string_view common_local = "unsubscribe";

std::string_view without_slash(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

// RFC 6068 §2: of what may stand in a local part without quotes, these must be percent-encoded.
std::string encoded(std::string_view local) {
  std::string text;
  for (const char c : local) {
    const bool is_plain = is_alpha(c) || is_digit(c) ||
                          std::string_view("!$'*+-._~").find(c) != std::string_view::npos;
    text += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text;
}

struct Target {
  std::string local;  // empty where the domain is alone
  std::string domain;
};

Target target_of(const UnsubscribePlace& place) {
  const std::size_t at = place.mailto.rfind('@');
  if (at == std::string::npos) return {"", lower_ascii(place.mailto)};
  return {place.mailto.substr(0, at), lower_ascii(place.mailto.substr(at + 1))};
}

std::string with_token(const UnsubscribePlace& place, const Target& target,
                       std::string_view token) {
  return target.local.empty() ? std::string(token)
                              : fmt::format("{}{}{}", target.local, place.delimiter, token);
}

}  // namespace

UnsubscribeForms unsubscribe_forms(const UnsubscribeTokens& tokens, const UnsubscribePlace& place,
                                   const Mailbox& mailbox, std::string_view scope) {
  UnsubscribeForms forms;
  const std::string token = tokens.mint(mailbox, scope);
  if (!place.url.empty()) forms.https = fmt::format("{}/{}", without_slash(place.url), token);
  if (place.mailto.empty()) return forms;
  const Target target = target_of(place);
  std::string local = with_token(place, target, token);
  forms.has_whole_token = local.size() <= longest_local;
  if (!forms.has_whole_token) {
    // Whoever reads a mark tries the scopes he knows of, and no configuration names the lists.
    local = scope.starts_with("list:")
                ? std::string(target.local.empty() ? common_local : target.local)
                : with_token(place, target, tokens.mint_mark(mailbox, scope));
  }
  forms.mailto = fmt::format("mailto:{}@{}", encoded(local), target.domain);
  if (!forms.has_whole_token) forms.mailto += fmt::format("?subject=unsubscribe%20{}", token);
  return forms;
}

std::string list_unsubscribe_value(const UnsubscribeForms& forms) {
  std::string value;
  for (const std::string* uri : {&forms.https, &forms.mailto}) {
    if (uri->empty()) continue;
    if (!value.empty()) value += ",\n ";
    value += "<" + *uri + ">";
  }
  return value;
}

std::string list_unsubscribe_post_value(const UnsubscribeForms& forms) {
  return forms.https.empty() ? "" : "List-Unsubscribe=One-Click";  // RFC 8058 §3.1
}

std::optional<std::string> token_of_recipient(const UnsubscribePlace& place,
                                              const Mailbox& recipient) {
  if (place.mailto.empty()) return std::nullopt;
  const Target target = target_of(place);
  if (recipient.domain().text() != target.domain) return std::nullopt;
  const std::string_view local = recipient.local();
  if (target.local.empty()) {
    if (equal_ascii(local, common_local)) return "";
    return std::string(local);
  }
  if (equal_ascii(local, target.local)) return "";
  const std::string front = target.local + place.delimiter;
  if (!starts_with_ascii(local, front)) return std::nullopt;
  return std::string(local.substr(front.size()));
}

std::optional<std::string> token_of_path(const UnsubscribePlace& place, std::string_view path) {
  const std::string_view url = without_slash(place.url);
  const std::size_t host = url.find("://");
  const std::size_t slash = host == std::string_view::npos ? host : url.find('/', host + 3);
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view front = url.substr(slash);
  if (!path.starts_with(front)) return std::nullopt;
  path.remove_prefix(front.size());
  if (path.empty()) return "";
  if (!path.starts_with('/')) return std::nullopt;
  return std::string(path.substr(1));
}

}  // namespace icm
