// SPDX-License-Identifier: Apache-2.0
//
// Parsing of domain names; the only file that includes <idn2.h>.
#include "policy/base/domain.h"

#include <algorithm>

#include <idn2.h>

#include "policy/base/handle.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t longest_name = 253;  // RFC 1035 §2.3.4: 255 on the wire, counting both ends
constexpr std::size_t longest_label = 63;  // RFC 1035 §2.3.4
constexpr std::size_t longest_input = 2048;  // no U-label name needs more; bounds libidn2's work

bool is_label_octet(char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_'; }

tl::unexpected<Error> refuse(std::string_view text, std::string_view problem) {
  return fail(Code::syntax, fmt::format("domain \"{}\": {}", excerpt(text), problem));
}

// A comma is seen at once in the name that stands before these words, 0x2c is not.
std::string shown_octet(char octet) {
  if (octet == ' ') return "a blank";
  if (octet > ' ' && octet <= '~') return fmt::format("'{}'", octet);
  return fmt::format("the octet 0x{:02x}", static_cast<unsigned char>(octet));
}

// Checks the labels of a name that is ASCII and has lost its final dot.
Status check_labels(std::string_view name, std::string_view given) {
  if (name.empty()) return refuse(given, "is empty");
  if (name.size() > longest_name) {
    return refuse(given, fmt::format("has {} octets, at most 253 are allowed", name.size()));
  }
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    const std::string_view label = name.substr(begin, end - begin);
    if (label.empty()) return refuse(given, "has an empty label");
    if (label.size() > longest_label) {
      return refuse(given,
                    fmt::format("has a label of {} octets, at most 63 are allowed", label.size()));
    }
    const auto odd = std::find_if_not(label.begin(), label.end(), is_label_octet);
    if (odd != label.end()) {
      return refuse(given, fmt::format("has {}, expected letters, digits, hyphens, underscores and "
                                       "dots",
                                       shown_octet(*odd)));
    }
    if (label.front() == '-' || label.back() == '-') {
      return refuse(given, "has a label that begins or ends with a hyphen");
    }
    begin = end + 1;
  }
  return {};
}

void release_idn(char* name) { idn2_free(name); }

// RFC 5891 §5 with the mappings of UTS #46, non-transitional, as browsers and mail programs do.
Result<std::string> to_a_labels(std::string_view text) {
  if (text.size() > longest_input) {
    return refuse(text, fmt::format("has {} octets, at most 253 are allowed", text.size()));
  }
  if (text.find('\0') != std::string_view::npos) return refuse(text, "has a NUL octet");
  const std::string terminated(text);
  char* converted = nullptr;
  const int outcome =
      idn2_to_ascii_8z(terminated.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const Handle<char, release_idn> owner(converted);
  if (outcome != IDN2_OK) {
    return refuse(text, fmt::format("is no internationalized name: {}", idn2_strerror(outcome)));
  }
  return std::string(converted);
}

}  // namespace

Result<Domain> Domain::parse(std::string_view text) {
  const bool is_ascii = std::none_of(text.begin(), text.end(),
                                     [](char c) { return static_cast<unsigned char>(c) > 127; });
  std::string name;
  if (is_ascii) {
    name = text;
  } else {
    ICM_TRY(name, to_a_labels(text));
  }
  if (name.ends_with('.')) name.pop_back();
  ICM_CHECK(check_labels(name, text));
  for (char& c : name) c = lower_ascii(c);
  return Domain(std::move(name));
}

bool Domain::is_within(const Domain& ancestor) const {
  const std::string_view name = text_;
  if (!name.ends_with(ancestor.text_)) return false;
  const std::size_t below = name.size() - ancestor.text_.size();
  return below == 0 || name[below - 1] == '.';
}

}  // namespace icm
