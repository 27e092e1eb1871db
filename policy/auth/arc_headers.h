// SPDX-License-Identifier: Apache-2.0
//
// ARC sets as they stand in a header (RFC 8617 §4): found, read and grouped by instance; nothing
// verified yet.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/signature.h"
#include "policy/base/result.h"
#include "policy/message/header.h"

namespace icm {

inline constexpr std::string_view arc_results_field = "ARC-Authentication-Results";
inline constexpr std::string_view arc_message_field = "ARC-Message-Signature";
inline constexpr std::string_view arc_seal_field = "ARC-Seal";

enum class ChainValue { none, pass, fail };  // cv=
std::string_view to_string(ChainValue value);

// The tags of one ARC-Seal (RFC 8617 §4.1.3).
struct SealTags {
  int instance = 0;
  SignatureAlgorithm algorithm = SignatureAlgorithm::rsa_sha256;
  ChainValue cv = ChainValue::none;
  std::string domain;  // lower case, A-labels
  std::string selector;
  std::string signature;  // b=, decoded
};

// The Error says which tag is wrong.
[[nodiscard]] Result<SealTags> parse_arc_seal(std::string_view field_value);

// "i=1; authserv-id; …": the instance and where the rest begins (RFC 8617 §4.1.1).
struct ArcResults {
  int instance = 0;
  std::string_view payload;  // from the authserv-id on, a view into the field's value
};
[[nodiscard]] Result<ArcResults> parse_arc_results(std::string_view field_value);

// One complete set; indices point into the HeaderList.
struct ArcSet {
  std::size_t results = 0;  // ARC-Authentication-Results
  std::size_t message = 0;  // ARC-Message-Signature
  std::size_t seal = 0;     // ARC-Seal
  SignatureTags message_tags;
  SealTags seal_tags;
  std::string_view payload;  // of the ARC-Authentication-Results
};

// What a header shows of ARC.
struct ArcHeaders {
  bool present = false;      // any field of ARC at all
  int highest_instance = 0;  // among those that could be read; 0 when none could
  std::vector<ArcSet> sets;  // 1 to N in order; empty when `problem` is set
  bool ended = false;        // the newest seal says cv=fail: nobody may add to this chain
  std::string problem;       // why these are no chain, in words (RFC 8617 §5.2 steps 1 to 3)
};

// Bounded on hostile input: more than 3 × 50 fields are a problem at once.
ArcHeaders read_arc_headers(const HeaderList& headers);

}  // namespace icm
