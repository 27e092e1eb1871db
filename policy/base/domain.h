// SPDX-License-Identifier: Apache-2.0
//
// Domain: a DNS name that is valid, in lower case and in A-labels, because there is no other way
// to have one.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace icm {

class Domain {
 public:
  // RFC 1035 §2.3.4: labels of 1 to 63 octets, 253 in all; letters, digits, hyphen and underscore
  // (which DNS names such as _dmarc need). A final dot is dropped; U-labels become A-labels
  // (RFC 5891). Code::syntax says what is wrong.
  [[nodiscard]] static Result<Domain> parse(std::string_view text);

  const std::string& text() const { return text_; }

  // True for the domain itself and for every name below it.
  bool is_within(const Domain& ancestor) const;

  auto operator<=>(const Domain&) const = default;

 private:
  explicit Domain(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace icm
