// SPDX-License-Identifier: Apache-2.0
//
// An SPF record as a value: the strict grammar of RFC 7208 §12, nothing looked up yet.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/base/ip_address.h"
#include "policy/base/result.h"

namespace icm {

// RFC 7208 §7.1: one "%{...}".
struct SpfMacro {
  char letter = 'd';        // lower case
  bool url_escape = false;  // the letter was upper case (§7.3)
  int keep = 0;             // how many right-hand parts; 0 keeps all
  bool reverse = false;
  std::string delimiters = ".";
  bool operator==(const SpfMacro&) const = default;
};

// Literal text (with %%, %_ and %- already resolved) and macros, in order.
using SpfMacroString = std::vector<std::variant<std::string, SpfMacro>>;

enum class SpfQualifier { pass, fail, soft_fail, neutral };

struct SpfMechanism {
  enum class Kind { all, include, a, mx, ptr, ip4, ip6, exists };
  SpfQualifier qualifier = SpfQualifier::pass;
  Kind kind = Kind::all;
  std::optional<SpfMacroString> domain;  // absent: the current domain (a, mx, ptr)
  int prefix_v4 = 32;
  int prefix_v6 = 128;
  std::optional<IpRange> network;  // ip4 and ip6; absent when no client can be in it
  std::string text;                // as written, for people

  // RFC 7208 §4.6.4: counts against the ten.
  bool costs_lookup() const;
};

struct SpfRecord {
  std::vector<SpfMechanism> mechanisms;
  std::optional<SpfMacroString> redirect;
  std::optional<SpfMacroString> explanation;
  std::string text;
};

// True for a TXT record that is an SPF record by its version section (RFC 7208 §4.5).
bool is_spf_record(std::string_view text);

// Reads a whole record. The Error names the term and what is wrong with it; any of them is a
// permerror (RFC 7208 §4.6).
[[nodiscard]] Result<SpfRecord> parse_spf_record(std::string_view text);

enum class SpfMacroUse {
  domain,       // domain-spec and modifiers
  explanation,  // the text behind exp=, where c, r and t are allowed and blanks too
};

// RFC 7208 §7.1 macro-string (or §6.2 explain-string).
[[nodiscard]] Result<SpfMacroString> parse_spf_macro_string(std::string_view text, SpfMacroUse use);

}  // namespace icm
