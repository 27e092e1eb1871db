// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/relay_event_reader.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "policy/base/text.h"

namespace icm::ctl {
namespace {

Result<std::string> token_of(const std::string& item) {
  const auto object = nlohmann::json::parse(item, nullptr, false);
  if (!object.is_object() || !object.contains("payload") || !object["payload"].is_string()) {
    return fail(Code::syntax,
                fmt::format("expected {{\"payload\":\"TOKEN\"}} or a token, found \"{}\"",
                            for_log(item, 60)));
  }
  return object["payload"].get<std::string>();
}

}  // namespace

void RelayEventReader::feed(std::string_view chunk) {
  while (!chunk.empty()) {
    const std::size_t end = std::min(chunk.find('\n'), chunk.size());
    if (line_.size() <= longest_item) {
      line_ += chunk.substr(0, std::min(end, longest_item + 1 - line_.size()));
    }
    if (end == chunk.size()) return;
    end_line();
    chunk.remove_prefix(end + 1);
  }
}

void RelayEventReader::finish() {
  if (!line_.empty()) end_line();
  if (!item_.empty()) end_item();
}

void RelayEventReader::Nesting::take(char c) {
  if (is_escaped_) {
    is_escaped_ = false;
  } else if (is_in_string_) {
    is_escaped_ = c == '\\';
    is_in_string_ = c != '"';
  } else if (c == '"') {
    is_in_string_ = true;
  } else if (c == '{' || c == '[') {
    ++depth_;
  } else if (c == '}' || c == ']') {
    --depth_;
  }
}

void RelayEventReader::end_line() {
  ++number_;
  const std::string whole = std::exchange(line_, {});
  const std::string_view line = trim(whole);
  if (line.empty()) return;
  // What Apple sends has no object inside: the one before was torn, and is not to take this along.
  if (!item_.empty() && line.starts_with('{')) end_item();
  if (item_.empty()) {
    first_ = number_;
    if (!line.starts_with('{')) {
      if (line.size() > longest_item) return take_(number_, fail(Code::syntax, "too long"));
      return take_(number_, std::string(line));
    }
  }
  item_ += line;
  for (const char c : line) nesting_.take(c);
  // An object ends where it is whole; and where it can no longer become one of ours.
  if (nesting_.is_closed() || item_.size() > longest_item) end_item();
}

void RelayEventReader::end_item() {
  const std::string item = std::exchange(item_, {});
  nesting_ = {};
  take_(first_,
        item.size() > longest_item
            ? fail(Code::syntax, fmt::format("an object of more than {} octets", longest_item))
            : token_of(item));
}

}  // namespace icm::ctl
