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
#include "policy/message/octet_masks.h"

namespace icm {

// Lines end with LF, whether CR stands before it or not, and the last one with the body. They are
// counted from 1 at the first line of the body; 0 means "none".
struct BodyFindings {
  std::uint64_t size = 0;  // octets
  std::uint64_t lines = 0;
  std::uint64_t longest_line = 0;  // octets without the line end; the first of equals
  std::uint64_t longest_line_at = 0;
  std::uint64_t bare_cr_at = 0;    // line of the first CR without LF
  std::uint64_t bare_lf_at = 0;    // line of the first LF without CR
  std::uint64_t nul_at = 0;        // line of the first NUL octet
  std::uint64_t eight_bit_at = 0;  // line of the first octet above 127
  bool ends_with_crlf = true;      // true also for an empty body

  // MIME (RFC 2046 §5.1.1), from the outermost multipart only. A line that begins with a delimiter
  // is one (§5.1.2), whatever follows.
  bool is_multipart = false;
  bool has_boundary = false;          // the Content-Type named a legal boundary
  bool saw_boundary = false;          // a delimiter line occurred
  bool saw_closing_boundary = false;  // the close-delimiter occurred

  bool operator==(const BodyFindings&) const = default;
};

// One per message, fed in order. Not synchronised.
class BodyScan {
 public:
  // Reads the Content-Type; keeps no reference.
  explicit BodyScan(const HeaderList& headers, MaskReader reader = mask_readers().front());

  // Any chunking gives the same findings.
  void feed(std::string_view chunk);

  // What was seen; called once, after the last chunk. Nothing may be fed after it.
  BodyFindings finish();

 private:
  enum class Boundary { ignored, wanted };

  // What is known at a place in the body.
  struct Position {
    std::uint64_t line = 1;         // its number
    std::uint64_t line_length = 0;  // octets since the last LF
    bool after_cr = false;
  };

  template <Boundary boundary>
  void scan(std::string_view chunk);
  void find_delimiters(const OctetMasks& masks, std::string_view rest, const Position& position);
  RareOctets read_masks(std::string_view octets, OctetMasks* masks) const;
  RareOctets news_of(RareOctets rare) const;
  void scan_block(const OctetMasks& masks, RareOctets rare, std::string_view block,
                  Position& position);
  void end_lines(std::uint64_t lf, std::uint64_t after_cr, std::size_t size, Position& position);
  void note(const OctetMasks& masks, RareOctets rare, std::uint64_t after_cr,
            std::string_view block, std::uint64_t line);
  void match_delimiter(std::string_view rest);

  MaskReader reader_;
  BodyFindings findings_;
  Position position_;
  std::string close_delimiter_;  // "--", the boundary, "--"; empty when there is none to look for
  std::size_t matched_ = 0;      // how much of it a line has shown that the last chunk cut
};

}  // namespace icm
