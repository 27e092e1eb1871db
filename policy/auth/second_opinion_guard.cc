// SPDX-License-Identifier: Apache-2.0
#include "policy/auth/second_opinion_guard.h"

#include <algorithm>
#include <chrono>

#include "policy/auth/crypto.h"
#include "policy/auth/tag_list.h"
#include "policy/base/text.h"

namespace icm::libopendkim {
namespace {

constexpr std::size_t max_tag = 1000;     // its buffer for c= and q= has 1,025 octets
constexpr std::size_t max_fields = 4000;  // its buffer for h= has 4,096
constexpr std::size_t max_identity = 250;
constexpr std::size_t max_key = 1000;

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_number(const TagList& list, std::string_view name) {
  const Tag* const tag = list.find(name);
  return tag == nullptr || parse_number(tag->value).has_value();
}

// "" when the library may see the names and sizes of the tags.
std::string objection_to_tags(const TagList& list, std::string_view field_value) {
  for (const Tag& tag : list.tags()) {
    const auto same = [&](const Tag& other) { return equal_ascii(other.name, tag.name); };
    if (std::ranges::count_if(list.tags(), same) > 1)
      return wrong_about("tags that differ in case only");
    // It cuts out the value of whatever ends in "b=".
    if (tag.name != "b" && tag.name.ends_with('b'))
      return wrong_about("tags whose names end in \"b\"");
    if (tag.name == "b" && field_value[tag.value_begin - 2] != 'b')
      return wrong_about("a blank before the \"=\" of b=");
    if ((tag.name == "c" || tag.name == "q") && tag.value.size() > max_tag)
      return fmt::format("{}= has more than {} octets", tag.name, max_tag);
  }
  if (list.value("h").size() > max_fields)
    return fmt::format("h= has more than {} octets", max_fields);
  if (list.value("i").size() > max_identity)
    return fmt::format("i= has more than {} octets", max_identity);
  return {};
}

// RFC 6376 erratum 3017: p= holds a bare RSAPublicKey, whose first member is a number.
bool is_bare_rsa_key(std::string_view octets) {
  if (octets.size() < 6 || octets[0] != 0x30) return false;
  const auto length = static_cast<unsigned char>(octets[1]);
  const std::size_t at = 2u + (length & 0x80 ? length & 0x7fu : 0u);
  return at < octets.size() && octets[at] == 0x02;
}

}  // namespace

std::string wrong_about(std::string_view what) {
  return fmt::format("libopendkim is known to be wrong about {}", what);
}

bool has_bare_cr(std::string_view text, char next) {
  for (auto at = text.find('\r'); at != std::string_view::npos; at = text.find('\r', at + 1)) {
    if ((at + 1 < text.size() ? text[at + 1] : next) != '\n') return true;
  }
  return false;
}

std::string objection_to_signature(std::string_view field_value) {
  if (!is_ascii(field_value)) return wrong_about("signatures that are not ASCII (RFC 8616)");
  const auto list = TagList::parse(field_value);
  if (!list) return wrong_about("tag lists that are malformed; " + list.error().text);
  if (auto objection = objection_to_tags(*list, field_value); !objection.empty()) return objection;
  if (equal_ascii(list->value("a"), "rsa-sha1"))
    return wrong_about("rsa-sha1, which it accepts (RFC 8301)");
  for (const std::string_view name : {"t", "x", "l"}) {
    if (!is_number(*list, name)) return wrong_about(fmt::format("{}= without a number", name));
  }
  for (const std::string_view name : {"b", "bh"}) {
    if (!from_base64(without_blanks(list->value(name))))
      return wrong_about(fmt::format("{}= that is no base64", name));
  }
  const auto methods = colon_list(list->value("q", "dns/txt"));
  if (std::ranges::find(methods, "dns/txt") == methods.end())
    return wrong_about("q= without dns/txt");
  if (std::ranges::count(list->value("i"), '@') > 1) return wrong_about("i= with several \"@\"");
  for (const std::string& name : colon_list(list->value("h"))) {
    if (name.empty()) return wrong_about("empty names in h=");
    // When h= takes every field of the message and names one more, it writes behind its array.
    if (equal_ascii(name, "DKIM-Signature")) return wrong_about("h= with DKIM-Signature");
  }
  return {};
}

std::string objection_to_header(const HeaderList& headers) {
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto [name, value] = headers[i];
    const bool plain_name =
        !name.empty() && std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f; });
    const bool plain_value = std::ranges::none_of(value, [](char c) {
      return (static_cast<unsigned char>(c) < ' ' && !is_wsp(c) && c != '\r' && c != '\n');
    });
    if (!plain_name || !plain_value || name.find(';') != std::string_view::npos ||
        has_bare_cr(value, '\0')) {
      return wrong_about("control characters in the header; field " + for_log(name, 40));
    }
  }
  return {};
}

std::string objection_to_clock(const DkimResult& ours, WallTime now) {
  if (!ours.tags) return {};
  const auto seconds = [](auto time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  };
  const auto machine =
      static_cast<std::uint64_t>(std::max<std::int64_t>(seconds(SystemClock().now()), 0));
  const auto judged = static_cast<std::uint64_t>(std::max<std::int64_t>(seconds(now), 0));
  if (ours.tags->signed_at && *ours.tags->signed_at > machine)
    return "libopendkim takes a t= in the future for an error";
  if (ours.tags->expires_at &&
      (machine >= *ours.tags->expires_at) != (judged > *ours.tags->expires_at))
    return "libopendkim judges x= by the machine's clock";
  return {};
}

std::string objection_to_key(std::string_view text) {
  if (text.size() > max_key)
    return fmt::format("the key record has {} octets, libopendkim takes {}", text.size(), max_key);
  if (!is_ascii(text)) return wrong_about("key records that are not ASCII");
  const auto list = TagList::parse(text);
  if (!list) return wrong_about("key records that are malformed; " + list.error().text);
  const Tag* const version = list->find("v");
  if (version != nullptr && version != &list->tags().front())
    return wrong_about("v= that is not first in the key record");
  const auto key = from_base64(without_blanks(list->value("p")));
  if (!key) return wrong_about("p= that is no base64");
  if (list->value("k", "rsa") == "rsa" && is_bare_rsa_key(*key))
    return wrong_about("bare RSA keys in p= (RFC 6376 erratum 3017)");
  return {};
}

}  // namespace icm::libopendkim
