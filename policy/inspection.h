// SPDX-License-Identifier: Apache-2.0
//
// Inspection: one message as it streams in: header fields, then body chunks, then Facts.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "policy/config/config.h"
#include "policy/facts.h"

namespace icm {

// One message, in order: header() for each field, end_of_header(), body() for each chunk,
// facts() at the end. Never holds the body. Not synchronised.
class Inspection {
 public:
  explicit Inspection(const Config& config) : config_(config) {}

  // Fields beyond the configured bounds are counted, not kept; `header_overflow` says so.
  void header(std::string_view name, std::string_view value);
  void end_of_header(const Envelope& envelope);
  void body(std::string_view chunk);

  // `envelope` must outlive the Facts.
  Facts facts(const Envelope& envelope, WallTime now);

  const HeaderList& headers() const { return headers_; }
  const Classification& classification() const { return classification_; }
  bool header_overflow() const { return header_overflow_; }

 private:
  const Config& config_;
  HeaderList headers_;
  bool header_overflow_ = false;
  std::optional<BodyScan> scan_;
  BodyFindings findings_;
  Result<std::vector<Address>> authors_;
  Classification classification_;
};

}  // namespace icm
