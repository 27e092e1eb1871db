// SPDX-License-Identifier: Apache-2.0
//
// OrderDesk: takes what comes by the control socket. Questions are answered at once; orders wait
// for the main thread, which alone changes the configuration in use.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "milter/control_server.h"
#include "milter/mode_changes.h"
#include "policy/base/guarded.h"

namespace icm {

// Something to be done by the main thread, which then answers.
struct ControlOrder {
  ControlRequest request;
  ControlPeer peer;
  ControlAnswer answer;
};

// Safe from any thread.
class OrderDesk final : public ControlDesk {
 public:
  static constexpr std::size_t most_orders = 8;  // waiting; a further one is refused

  struct Questions {
    std::function<std::string()> status;  // each gives the line to answer with
    std::function<std::string()> stats;
    std::function<std::string()> throttle;
    std::function<void()> wake;  // tells the main thread that there are orders
  };
  explicit OrderDesk(Questions questions) : questions_(std::move(questions)) {}

  void asked(ControlRequest request, const ControlPeer& peer, ControlAnswer answer) override;

  // The orders that came since the last call, in order.
  std::vector<ControlOrder> take();

 private:
  const Questions questions_;
  Guarded<std::vector<ControlOrder>> orders_;
};

// What came of a reload.
struct ReloadOutcome {
  std::vector<std::string> problems;  // none: done
  std::vector<std::string> warnings;
};

// The answers, each a JSON object on one line of ASCII:
//   protocol, reloaded, file, problems[], warnings[]
std::string reload_json(const ReloadOutcome& outcome, const std::string& file);

// What became of one policy.
struct PolicyChanged {
  ModeChange change;
  PolicyConfig before;
  PolicyConfig configured;
  bool overrides = false;  // the file's word, which holds no more
};

//   protocol, changed, policy, mode, before, configured, overrides, percent, until
std::string change_json(const PolicyChanged& changed);

//   protocol, changed, policy ("all"), changes[], each with what follows changed above
std::string changes_json(const std::vector<PolicyChanged>& changes);

//   protocol, changed, problems[]
std::string change_failed_json(const std::vector<std::string>& problems);

}  // namespace icm
