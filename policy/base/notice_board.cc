// SPDX-License-Identifier: Apache-2.0
#include "policy/base/notice_board.h"

#include <utility>

namespace icm {

void NoticeBoard::say(const std::string& text) {
  const Listener listener = state_.with([&](State& state) {
    if (!state.listener && state.kept.size() < most_kept) state.kept.push_back(text);
    return state.listener;
  });
  if (listener) listener(text);
}

void NoticeBoard::listen(Listener listener) {
  const std::vector<std::string> kept = state_.with([&](State& state) {
    state.listener = listener;
    return std::exchange(state.kept, {});
  });
  if (!listener) return;
  for (const std::string& text : kept) listener(text);
}

}  // namespace icm
