// SPDX-License-Identifier: Apache-2.0
//
// RelayEventReader: signed tokens out of what a web server kept of Apple's notifications.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace icm::ctl {

// Takes, one behind the other and in any mixture: {"payload":"TOKEN"} on a line or over several,
// and bare tokens, a line each. Empty lines are passed over. Memory is bounded by `longest_item`.
// Not synchronised.
class RelayEventReader {
 public:
  // The line where an item began, and its token, or what is wrong with the item.
  using Take = std::function<void(std::uint64_t line, Result<std::string> token)>;

  explicit RelayEventReader(Take take) : take_(std::move(take)) {}

  void feed(std::string_view chunk);
  void finish();

  static constexpr std::size_t longest_item = 64u << 10;

 private:
  // How deep one is in an object, octet by octet (RFC 8259), so that each is looked at once however
  // many lines it has.
  class Nesting {
   public:
    void take(char c);
    bool is_closed() const { return depth_ <= 0 && !is_in_string_; }

   private:
    int depth_ = 0;
    bool is_in_string_ = false;
    bool is_escaped_ = false;
  };

  void end_line();
  void end_item();

  Take take_;
  std::uint64_t number_ = 0;
  std::uint64_t first_ = 0;  // of the item
  std::string line_;
  Nesting nesting_;   // of item_
  std::string item_;  // an object that has not ended yet
};

}  // namespace icm::ctl
