// SPDX-License-Identifier: Apache-2.0
//
// The text of scenarios: placeholders for times and long stretches, escapes for octets that no
// editor shows, and messages as lines.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/result.h"

namespace icm {

// Replaces ${date}, ${date-8d} (RFC 5322), ${time}, ${time+1h} (RFC 3339), ${day}
// (its date alone) and ${1200*text}.
[[nodiscard]] Result<std::string> expand_placeholders(std::string_view text, WallTime now);

// Replaces \r \n \t \0 \\ and \xNN.
[[nodiscard]] Result<std::string> unescape(std::string_view text);

// The next word of a line, which is taken off; empty at its end.
std::string_view take_word(std::string_view& rest);

// "name=value …" as the rest of a directive, each value with its placeholders and escapes replaced;
// a note takes the rest of the line. An Error for another name begins with `expected`.
using OptionPlaces = std::vector<std::pair<std::string_view, std::string*>>;
[[nodiscard]] Status read_options(std::string_view expected, std::string_view rest, WallTime now,
                                  const OptionPlaces& places);

// The whole content of a file, or an Error that names it.
[[nodiscard]] Result<std::string> read_text_file(const std::string& file);

// A mail file has LF or CRLF line ends; on the wire they are CRLF.
std::string with_crlf(std::string_view text);

struct MessageText {
  std::vector<std::pair<std::string, std::string>> fields;  // values with their leading blank,
                                                            // folds as LF, as a milter gets them
  std::string body;
};

// Cuts a message with CRLF line ends at its first empty line. An Error names the line of the
// message that is no header field.
[[nodiscard]] Result<MessageText> split_message(std::string_view message);

// "Name: value" as one field; NUL has no place in it, since the milter protocol ends strings with
// it.
[[nodiscard]] Result<std::pair<std::string, std::string>> parse_field(std::string_view line);

}  // namespace icm
