// SPDX-License-Identifier: Apache-2.0
//
// A message going by, and what is kept of it.
#include "policy/inspection.h"

namespace icm {

void Inspection::header(std::string_view name, std::string_view value) {
  // A colon and the final CRLF; a fold that came as LF alone is one octet longer on the wire, which
  // no bound here has to know.
  const std::uint64_t octets = name.size() + value.size() + 3;
  header_octets_ += octets;
  header_overflow_ = header_overflow_ ||
                     headers_.wire_size() + octets > config_.limits.header_octets ||
                     headers_.size() >= static_cast<std::size_t>(config_.limits.header_fields);
  if (!header_overflow_) headers_.add(name, value);
}

void Inspection::end_of_header(const Envelope& envelope) {
  header_octets_ += 2;
  if (const auto from = headers_.first("From")) authors_ = parse_address_list(from->value);
  classification_ = classify(config_.streams, envelope, headers_, authors_);
  scan_.emplace(headers_);
}

void Inspection::body(std::string_view chunk) {
  body_octets_ += chunk.size();
  if (scan_) scan_->feed(chunk);
}

Facts Inspection::facts(const Envelope& envelope, WallTime now) {
  if (scan_) {
    findings_ = scan_->finish();
    scan_.reset();
  }
  return {.envelope = envelope,
          .headers = headers_,
          .body = findings_,
          .authors = authors_,
          .classification = classification_,
          .now = now,
          .header_overflow = header_overflow_};
}

}  // namespace icm
