// SPDX-License-Identifier: Apache-2.0
#include "policy/delivery/mail_parts.h"

#include <optional>
#include <string>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::size_t longest_field = 16u << 10;  // of longer ones the beginning is kept
constexpr std::size_t max_fields = 1000;          // of one part

// The first line without its end; `text` goes on behind it.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void add_field(std::string_view field, HeaderList& fields) {
  const std::size_t colon = field.find(':');
  if (colon == npos || colon == 0 || fields.size() >= max_fields) return;
  const std::string_view name = trim(field.substr(0, colon));
  if (name.empty() || name.find(' ') != npos) return;
  fields.add(name, field.substr(colon + 1).substr(0, longest_field));
}

int value_of_hex(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = lower_ascii(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// RFC 2045 §6.7; what is no escape stays.
std::string from_quoted_printable(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const bool is_soft = trim(line).ends_with('=');
    if (is_soft) line = line.substr(0, line.rfind('='));
    for (std::size_t i = 0; i < line.size(); ++i) {
      const int high = line[i] == '=' && i + 2 < line.size() ? value_of_hex(line[i + 1]) : -1;
      const int low = high >= 0 ? value_of_hex(line[i + 2]) : -1;
      if (low >= 0) {
        plain += static_cast<char>(high * 16 + low);
        i += 2;
      } else {
        plain += line[i];
      }
    }
    if (!is_soft) plain += '\n';
  }
  return plain;
}

int value_of_base64(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// RFC 2045 §6.8: other octets are passed over, "=" ends it.
std::string from_base64(std::string_view text) {
  std::string plain;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text.substr(0, text.find('='))) {
    const int value = value_of_base64(c);
    if (value < 0) continue;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    plain += static_cast<char>(bits >> count & 0xff);
  }
  return plain;
}

ContentType type_of(const HeaderList& fields) {
  const auto type = parse_content_type(fields.text("Content-Type"));
  if (type) return *type;
  return {.type = "text", .subtype = "plain", .parameters = {}};  // RFC 2045 §5.2
}

class PartReader {
 public:
  PartReader(PartLimits limits,
             const std::function<void(const ContentType&, std::string_view)>& see)
      : limits_(limits), see_(see) {}

  void read(std::string_view entity, std::size_t depth) {
    if (++seen_ > limits_.parts) return;
    HeaderList fields;
    const std::string_view content = take_fields(entity, fields);
    const ContentType type = type_of(fields);
    const std::string boundary = type.parameter("boundary");
    if (type.type == "multipart" && !boundary.empty()) {
      if (depth < limits_.depth) read_parts(content, "--" + boundary, depth + 1);
      return;
    }
    const std::string encoding = lower_ascii(fields.text("Content-Transfer-Encoding"));
    if (encoding == "quoted-printable") {
      see_(type, from_quoted_printable(content));
    } else if (encoding == "base64") {
      see_(type, from_base64(content));
    } else {
      see_(type, content);
    }
  }

 private:
  // RFC 2046 §5.1.1: a part lies between two delimiter lines; the last may be missing.
  void read_parts(std::string_view content, const std::string& delimiter, std::size_t depth) {
    const char* begin = nullptr;
    while (!content.empty()) {
      const char* const line_begin = content.data();
      const std::string_view line = take_line(content);
      if (!line.starts_with(delimiter)) continue;
      const std::string_view behind = trim(line.substr(delimiter.size()));
      if (!behind.empty() && behind != "--") continue;
      if (begin != nullptr) read({begin, line_begin}, depth);
      begin = content.data();
      if (behind == "--") return;
    }
    if (begin != nullptr) read({begin, content.data()}, depth);
  }

  PartLimits limits_;
  const std::function<void(const ContentType&, std::string_view)>& see_;
  std::size_t seen_ = 0;
};

}  // namespace

std::string_view take_fields(std::string_view text, HeaderList& fields) {
  std::string field;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) break;
    if (is_wsp(line.front())) {
      if (field.size() < longest_field) field.append("\n").append(line);
      continue;
    }
    add_field(field, fields);
    field = line;
  }
  add_field(field, fields);
  return text;
}

void for_each_part(std::string_view mail, PartLimits limits,
                   const std::function<void(const ContentType&, std::string_view)>& see) {
  PartReader(limits, see).read(mail, 0);
}

}  // namespace icm
