// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/handovers.h"

#include "policy/base/domain.h"

namespace icm::ctl {
namespace {

// Members of a line have their bounds (JsonLine); so has what is kept of them.
std::string kept(std::string_view text) {
  constexpr std::size_t longest = 320;
  return std::string(text.substr(0, longest));
}

std::string domain_of(std::string_view address) {
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos) return {};
  const auto domain = Domain::parse(address.substr(at + 1));
  return domain ? domain->text() : std::string();
}

}  // namespace

Handover handover_of(const DecisionRecord& decision) {
  return {.stream = kept(decision.stream),
          .origin = kept(decision.origin),
          .login = kept(decision.login),
          .sender = kept(decision.mail_from),
          .from_domain = decision.from.empty() ? std::string() : domain_of(decision.from.front()),
          .form = kept(decision.form),
          .egress = {}};
}

Result<Handovers> Handovers::open(const std::string& path) {
  Handovers handovers;
  if (path.empty()) return handovers;
  ICM_TRY(FollowedFile log,
          FollowedFile::open(path, std::nullopt,
                             {.longest_line = longest_decision_line, .at_most = most_of_the_past}));
  handovers.log_ = std::move(log);
  ICM_CHECK(handovers.poll());
  return handovers;
}

Status Handovers::poll() {
  if (!log_) return {};
  for (;;) {
    ICM_TRY(const auto line, log_->next());
    if (!line) return {};
    // A line in the middle of which reading began, or that is no decision, is somebody else's
    // worry.
    if (!reader_.read(line->text, decision_)) continue;
    remember(decision_);
  }
}

void Handovers::remember(const DecisionRecord& decision) {
  if (decision.event != "message" || decision.apple_recipients == 0) return;
  if (decision.queue_id.empty() || decision.verdict == "reject") return;
  const auto [place, is_new] =
      known_.insert_or_assign(std::string(decision.queue_id), handover_of(decision));
  if (!is_new) return;
  order_.push_back(place->first);
  if (order_.size() <= most) return;
  known_.erase(order_.front());
  order_.pop_front();
}

const Handover* Handovers::find(const std::string& queue_id) const {
  const auto found = known_.find(queue_id);
  return found == known_.end() ? nullptr : &found->second;
}

}  // namespace icm::ctl
