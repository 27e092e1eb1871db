// SPDX-License-Identifier: Apache-2.0
//
// The promises of BodyScan kept in the dullest way, one octet at a time: what the fast one is
// compared with.
#pragma once

#include <string>
#include <string_view>

#include "policy/message/body_scan.h"

namespace icm {

// `boundary` is empty for a body that is no multipart.
inline BodyFindings read_slowly(std::string_view body, std::string_view boundary) {
  BodyFindings found;
  found.size = body.size();
  found.ends_with_crlf = body.empty() || body.ends_with("\r\n");
  found.is_multipart = found.has_boundary = !boundary.empty();
  while (!body.empty()) {
    ++found.lines;
    const std::size_t lf = body.find('\n');
    const std::string_view line = body.substr(0, lf);
    const auto note = [&](std::uint64_t& at, bool is_here) {
      if (is_here && at == 0) at = found.lines;
    };
    std::size_t length = line.size();
    std::size_t crs = 0;
    for (const char c : line) {
      note(found.nul_at, c == '\0');
      note(found.eight_bit_at, static_cast<unsigned char>(c) > 127);
      if (c == '\r') ++crs;
    }
    if (lf != std::string_view::npos) {
      const bool is_crlf = line.ends_with('\r');
      note(found.bare_lf_at, !is_crlf);
      if (is_crlf) {
        --crs;
        --length;
      }
    }
    note(found.bare_cr_at, crs > 0);
    if (length > found.longest_line) {
      found.longest_line = length;
      found.longest_line_at = found.lines;
    }
    if (!boundary.empty() && line.starts_with("--" + std::string(boundary))) {
      found.saw_boundary = true;
      if (line.substr(boundary.size() + 2).starts_with("--")) found.saw_closing_boundary = true;
    }
    body.remove_prefix(lf == std::string_view::npos ? body.size() : lf + 1);
  }
  return found;
}

}  // namespace icm
