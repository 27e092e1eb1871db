// SPDX-License-Identifier: Apache-2.0
//
// What stands inside the packets of the milter protocol: numbers, strings, and a filter's answers
// and changes. Whatever a filter sent is read or refused, never trusted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/base/result.h"
#include "test/support/milter_client.h"

namespace icm {

void put_number(std::string& out, std::uint32_t number);
std::uint32_t number_at(std::string_view content, std::size_t at);  // four octets must be there

// A string on the wire ends at its NUL, so what stands behind a NUL of its own is lost there, as it
// is when Postfix hands it over.
void put_string(std::string& out, std::string_view text);

// Takes one NUL-terminated string off the front; nullopt when none ends there.
std::optional<std::string> take_string(std::string_view& content);

// What the filter wants to happen. An Error names what it sent instead.
[[nodiscard]] Result<MilterAnswer> answer_of(const MilterSocket::Packet& packet);

// A change of the message, asked for before the answer to its end.
bool is_change(char command);
[[nodiscard]] Result<MilterChange> change_of(const MilterSocket::Packet& packet);

}  // namespace icm
