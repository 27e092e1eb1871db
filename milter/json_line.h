// SPDX-License-Identifier: Apache-2.0
//
// JsonLine: writes one JSON object on one line of ASCII, straight into a string. A tree of values
// first (nlohmann) took twenty times as long, which at one decision per message is a fifth of what
// judging costs.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace icm {

// Members in the order of the calls; keys are our own words. What is opened must be closed by the
// caller, innermost first.
//
// Values are cut, with "..." at the cut, so that no message can make a line that its readers give
// up on (longest_decision_line), however long its header fields are.
class JsonLine {
 public:
  static constexpr std::size_t longest_text = 1000;    // octets of a member: several sentences
  static constexpr std::size_t longest_element = 320;  // octets of an array's string: RFC 5321
                                                       // §4.5.3.1 gives an address 64 + 1 + 255

  JsonLine() { line_.reserve(2048); }

  void text(std::string_view key, std::string_view value);
  void number(std::string_view key, std::uint64_t value);
  void milliseconds(std::string_view key, std::chrono::microseconds value);
  void texts(std::string_view key, const std::vector<std::string>& values);

  // `each` is called with an add(std::string_view) for the strings of an array.
  template <class Each>
  void strings(std::string_view key, Each each) {
    begin_array(key);
    each([this](std::string_view value) { element(value); });
    end_array();
  }

  void begin_array(std::string_view key);
  void end_array();
  void begin_object();
  void end_object();

  std::string take() { return std::move(line_); }

 private:
  void separate();
  void key(std::string_view name);
  void element(std::string_view value);
  void quoted(std::string_view value, std::size_t longest);

  std::string line_;
};

}  // namespace icm
