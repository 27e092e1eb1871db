// SPDX-License-Identifier: Apache-2.0
//
// The words of Postfix's socketmap client, socketmap_table(5): each question and each answer is one
// netstring, "LENGTH:OCTETS,".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace icm {

// Octets of a question or an answer without its netstring. Postfix takes answers of 100000; an
// address has 254 (RFC 5321 §4.5.3.1.3), and its local part may be longer than it should.
inline constexpr std::size_t longest_socketmap_text = 2000;

struct SocketmapQuestion {
  std::string map;
  std::string key;  // any octets
  bool operator==(const SocketmapQuestion&) const = default;
};

struct SocketmapAnswer {
  enum class Kind { found, not_found, temporary, permanent };
  Kind kind = Kind::temporary;
  std::string text;  // what was found, or the reason; empty for not_found
  bool operator==(const SocketmapAnswer&) const = default;
};

// Takes one question off the front of `octets`, which come in pieces; nullopt when its end is still
// to come, and nothing is taken. The Error (Code::syntax): no question of ours can follow.
[[nodiscard]] Result<std::optional<SocketmapQuestion>> take_question(std::string& octets);

// As it goes over the wire: printable ASCII, cut to what may be sent.
std::string to_netstring(const SocketmapAnswer& answer);

}  // namespace icm
