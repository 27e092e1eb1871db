// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/json_record.h"

#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "policy/base/text.h"

namespace icm::ctl {
namespace {

constexpr std::size_t most_members = 64;
constexpr std::size_t shown = 60;  // octets of somebody's text in an Error

using Json = nlohmann::json;

// Takes the events of the parser, and stops it at the first that no record has. The names are the
// parser's.
class RecordReader {
 public:
  bool null() { return value(JsonMember::Kind::null, "null"); }
  bool boolean(bool is_true) { return odd_value(is_true ? "true" : "false"); }
  bool number_integer(Json::number_integer_t number) { return whole_number(number); }
  bool number_unsigned(Json::number_unsigned_t number) {
    if (number > std::numeric_limits<std::int64_t>::max()) return odd_value("a number too large");
    return whole_number(static_cast<std::int64_t>(number));
  }
  bool number_float(Json::number_float_t, const std::string& text) { return odd_value(text); }
  bool string(const std::string& text) {
    if (!value(JsonMember::Kind::text, "a text")) return false;
    members_.back().text = text;
    return true;
  }
  bool binary(const Json::binary_t&) { return odd_value("binary"); }

  bool start_object(std::size_t) {
    ++depth_;
    if (depth_ == 1) return true;
    if (depth_ > 2) return odd_value("an object");
    if (!value(JsonMember::Kind::object, "an object")) return false;
    group_ = key_;
    return true;
  }
  bool key(const std::string& name) {
    const auto is_same = [&](const JsonMember& known) {
      return known.group == group_ && known.name == name;
    };
    key_ = name;
    if (std::ranges::any_of(members_, is_same)) {
      return refuse(fmt::format("expected each member once, found \"{}\" again", path()));
    }
    if (members_.size() < most_members) return true;
    return refuse(fmt::format("expected at most {} members, found more", most_members));
  }
  bool end_object() {
    --depth_;
    group_.clear();
    return true;
  }
  bool start_array(std::size_t) { return odd_value("a list"); }
  bool end_array() { return true; }

  bool parse_error(std::size_t position, const std::string& token, const Json::exception&) {
    return refuse(fmt::format("expected a JSON object, found \"{}\" at octet {}",
                              for_log(token, shown), position));
  }

  std::string problem() && { return std::move(problem_); }
  std::vector<JsonMember> members() && { return std::move(members_); }

 private:
  bool refuse(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  std::string path() const { return for_log(group_.empty() ? key_ : group_ + '.' + key_, shown); }

  bool odd_value(std::string_view found) {
    if (depth_ == 0) return refuse(fmt::format("expected a JSON object, found {}", found));
    return refuse(
        fmt::format("{}: expected a text or a whole number, found {}", path(), for_log(found)));
  }

  bool value(JsonMember::Kind kind, std::string_view found) {
    if (depth_ == 0) return odd_value(found);
    members_.push_back({.group = group_, .name = key_, .kind = kind});
    return true;
  }

  bool whole_number(std::int64_t number) {
    if (!value(JsonMember::Kind::number, "a number")) return false;
    members_.back().number = number;
    return true;
  }

  int depth_ = 0;
  std::string group_;
  std::string key_;
  std::vector<JsonMember> members_;
  std::string problem_;
};

}  // namespace

std::string_view to_string(JsonMember::Kind kind) {
  switch (kind) {
    case JsonMember::Kind::null:
      return "null";
    case JsonMember::Kind::text:
      return "a text";
    case JsonMember::Kind::number:
      return "a number";
    case JsonMember::Kind::object:
      return "an object";
  }
  return "";
}

Status expect(const JsonMember& member, JsonMember::Kind kind) {
  if (member.kind == kind) return {};
  return fail(Code::syntax, fmt::format("{}: expected {}, found {}", for_log(member.path(), shown),
                                        to_string(kind), to_string(member.kind)));
}

Result<std::vector<JsonMember>> read_json_record(std::string_view line) {
  if (!is_utf8(line)) {  // RFC 8259 §8.1
    return fail(Code::syntax, "expected UTF-8, found other octets");
  }
  RecordReader reader;
  if (Json::sax_parse(line.begin(), line.end(), &reader)) return std::move(reader).members();
  return fail(Code::syntax, std::move(reader).problem());
}

}  // namespace icm::ctl
