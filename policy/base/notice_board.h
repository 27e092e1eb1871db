// SPDX-License-Identifier: Apache-2.0
//
// NoticeBoard: what parts that know no log have to tell the administrator. Kept until somebody
// listens.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "policy/base/guarded.h"

namespace icm {

// Safe from any thread.
class NoticeBoard {
 public:
  using Listener = std::function<void(const std::string&)>;
  static constexpr std::size_t most_kept = 32;  // further ones are lost

  void say(const std::string& text);

  // Hears what was said so far, and all that will be, in the thread that says it. An empty one ends
  // that.
  void listen(Listener listener);

 private:
  struct State {
    Listener listener;
    std::vector<std::string> kept;
  };
  Guarded<State> state_;
};

}  // namespace icm
