// SPDX-License-Identifier: Apache-2.0
//
// BodyScan: what a body shows as it streams by. The body itself is never kept; memory does not
// depend on its size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/message/header.h"

namespace icm {

// Lines are counted from 1 at the first line of the body; 0 means "none".
struct BodyFindings {
  std::uint64_t size = 0;              // octets
  std::uint64_t lines = 0;
  std::uint64_t longest_line = 0;      // octets without the CRLF
  std::uint64_t longest_line_at = 0;
  std::uint64_t bare_cr_at = 0;        // line of the first CR without LF
  std::uint64_t bare_lf_at = 0;        // line of the first LF without CR
  std::uint64_t nul_at = 0;            // line of the first NUL octet
  std::uint64_t eight_bit_at = 0;      // line of the first octet above 127
  bool ends_with_crlf = true;          // true also for an empty body

  // MIME (RFC 2046 §5.1.1), from the outermost multipart only.
  bool is_multipart = false;
  bool has_boundary = false;           // the Content-Type named a legal boundary
  bool saw_boundary = false;           // a delimiter line occurred
  bool saw_closing_boundary = false;   // the close-delimiter occurred

  bool operator==(const BodyFindings&) const = default;
};

// One per message, fed in order. Not synchronised.
class BodyScan {
 public:
  explicit BodyScan(const HeaderList& headers);  // reads the Content-Type; keeps no reference

  // Any chunking gives the same findings.
  void feed(std::string_view chunk);

  // What was seen; called once, after the last chunk.
  BodyFindings finish();

 private:
  struct Line {
    std::uint64_t number = 1;
    std::uint64_t length = 0;
  };
  BodyFindings findings_;
  Line line_;
  bool after_cr_ = false;
  std::string boundary_;   // "--" and the boundary; empty when there is nothing to look for
  std::string line_head_;  // the beginning of a line that may be a delimiter, bounded by boundary_
};

}  // namespace icm
