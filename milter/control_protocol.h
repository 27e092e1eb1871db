// SPDX-License-Identifier: Apache-2.0
//
// The line protocol of the control socket, used by both ends. A client sends one line
//   icloud-milter/1 WORD ARGUMENT...
// and gets one line back: a JSON object, or "error TEXT" when the daemon could not take the request
// at all. Then the connection ends. The number rises when a line comes to mean something else.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "policy/base/result.h"
#include "policy/verdict.h"

namespace icm {

inline constexpr std::string_view control_version = "icloud-milter/1";
inline constexpr std::string_view control_error = "error ";  // begins an answer that is no object

// Octets without the LF. An answer names every key and every problem of a configuration.
inline constexpr std::size_t longest_control_request = 255;
inline constexpr std::size_t longest_control_answer = 4u << 20;

inline constexpr std::string_view all_policies = "all";          // in the place of a policy's name
inline constexpr std::string_view as_configured = "configured";  // in the place of a mode

// How long a change of a policy may be asked for.
inline constexpr std::chrono::seconds longest_change = std::chrono::hours{24 * 365};

struct ControlRequest {
  enum class Word { status, stats, reload, policy, throttle };
  Word word = Word::status;
  std::string policy;  // or all_policies; this and what follows: of Word::policy alone
  std::optional<Mode> mode = Mode::observe;  // absent: the file holds again
  std::optional<std::chrono::seconds> span;  // absent: until the daemon ends
  bool operator==(const ControlRequest&) const = default;
};

std::string_view to_string(ControlRequest::Word word);

// Reads a line without its LF: words with one blank between them, a policy that exists, a span of a
// second at least. All policies may be observed or off, never enforced: some are off until there is
// what they need. The Error (Code::syntax) says what was expected, and is safe to print.
[[nodiscard]] Result<ControlRequest> parse_control_request(std::string_view line);

// The line, without LF, that parse_control_request reads back.
std::string to_line(const ControlRequest& request);

}  // namespace icm
