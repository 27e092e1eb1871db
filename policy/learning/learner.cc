// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/learner.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "policy/base/keyed_hash.h"
#include "policy/base/mailbox.h"
#include "policy/base/text.h"
#include "policy/learning/address_hits.h"
#include "policy/learning/apple_answer.h"
#include "policy/learning/book_hashing.h"
#include "policy/learning/clock_set_back.h"
#include "policy/learning/mass_bounce_breaker.h"
#include "policy/learning/orders.h"
#include "policy/learning/own_mail.h"
#include "policy/learning/refusals.h"
#include "policy/learning/reply_samples.h"
#include "policy/learning/reply_tally.h"
#include "policy/learning/ways.h"
#include "policy/recipients.h"
#include "policy/throttle.h"

namespace icm {
namespace {

constexpr std::chrono::seconds patience{20};
constexpr std::chrono::hours forget_every{1};

// Tells addresses apart within one process.
std::uint64_t digest_of(const std::string& address) {
  static const KeyedHash hash;
  return hash(address);
}

// Whose mail was answered, as the gate knows it again.
std::string submitter_of(const Handover& handover) {
  return submitter_word(handover.login, handover.stream, handover.origin);
}

bool is_of_connection(const ReplyEntry& entry) {
  return entry.reply_class == ReplyClass::connection || entry.reply_class == ReplyClass::outage;
}

class ReplyLearner final : public Learner {
 public:
  ReplyLearner(const Config& config, LearnerMeans means)
      : config_(config.replies),
        means_(std::move(means)),
        own_(config),
        apple_(config.apple.domains),
        tally_(config_.breaker.window),
        breaker_(config_.breaker, tally_),
        hits_(means_.book, config_, apple_, means_.forms),
        ways_(means_.book, config_),
        orders_(config_, means_.suppressions, means_.backoffs, means_.say) {}

  Status load() {
    waiting_.clear();
    looked_at_ = std::max(looked_at_, means_.clock.now());
    ICM_CHECK(means_.book.was_changed_by_others());
    if (means_.book.is_begun()) ICM_CHECK(hash_book(means_.book, means_.forms, apple_));
    ICM_CHECK(tally_.load(means_.book, means_.clock.now()));
    ICM_CHECK(breaker_.load(means_.book));
    ICM_CHECK(hits_.load());
    return ways_.load();
  }

  Status learn(const DeliveryEvent& event, const Handover& handover, const ReplyEntry& entry,
               const ReceivedReply& reply) override {
    return keep_or_roll_back(learn_one(event, handover, entry, reply));
  }

  Status settle(std::optional<SourcePosition> position) override {
    if (config_.mode == Mode::off && !position) return {};
    const WallTime now = means_.clock.now();
    ICM_CHECK(keep_or_roll_back(settle_at(now, position)));
    return keep_or_roll_back(tell(now));
  }

  Result<LearnerFigures> figures() override {
    LearnerFigures figures = figures_;
    orders_.count_into(figures);
    ICM_TRY(figures.bounces, means_.book.bounces());
    ICM_TRY(figures.addresses_owed, owed_hits(means_.book));
    figures.is_breaker_open = breaker_.is_open();
    figures.nearest = breaker_.nearest(means_.table.entries(), looked_at_);
    return figures;
  }

 private:
  // What was written for an answer that could not be learnt whole must not be kept.
  Status keep_or_roll_back(Status done) {
    if (done) return done;
    means_.book.roll_back();
    // The first error is the one that says what is wrong.
    const Status loaded = load();
    if (!loaded) means_.say(loaded.error().text);
    return done;
  }

  // What another process has learnt meanwhile is known from here on.
  Status begin() {
    if (means_.book.is_begun()) return {};
    ICM_CHECK(means_.book.begin(Deadline::in(patience)));
    ICM_TRY(const bool was_changed, means_.book.was_changed_by_others());
    const bool is_first = !std::exchange(has_begun_, true) && means_.forms.is_keyed();
    const WallTime now = means_.clock.now();
    ICM_TRY(const auto ahead, set_back(means_.book, now));
    if (was_changed || is_first || ahead) ICM_CHECK(load());
    return ahead ? follow_clock(*ahead, now) : Status();
  }

  Status follow_clock(WallTime ahead, WallTime now) {
    means_.say(fmt::format("the clock was set back from {} to {}: what was learnt counts as of now",
                           to_rfc3339(ahead), to_rfc3339(now)));
    forgotten_ = {};
    return orders_.end_future(now);
  }

  // Each line once; of a delivery that the log has told of, no bounce, and the other way round.
  Result<bool> is_new(const DeliveryEvent& event) {
    if (event.teller == Teller::log) {
      ICM_TRY(const bool is_new, means_.book.is_new(event.key, event.time));
      if (!is_new) return false;
    } else {
      ICM_TRY(const auto told, means_.book.told_before(event.key, event.teller, event.time));
      if (told) return false;
    }
    if (event.status == DeliveryStatus::sent || event.queue_id.empty()) return true;
    const std::string delivery = event.queue_id + " " + means_.forms.stored(event.recipient);
    ICM_TRY(const auto told, means_.book.told_before(delivery, event.teller, event.time));
    return !told || *told == event.teller;
  }

  Status learn_one(const DeliveryEvent& event, const Handover& handover, const ReplyEntry& entry,
                   const ReceivedReply& reply) {
    if (config_.mode == Mode::off) return {};
    const WallTime now = means_.clock.now();
    const WallTime time = std::min(event.time, now);  // whose clock is ahead has no future
    if (time < now - replies_known_for) return {};
    ICM_CHECK(begin());
    ICM_TRY(const bool is_new, this->is_new(event));
    if (!is_new) return {};
    read_to_ = std::max(time, read_to_.value_or(time));
    if (event.teller == Teller::report) ++bounces_;
    const AppleAnswer answer{.event = event,
                             .handover = handover,
                             .entry = entry,
                             .reply = reply,
                             .forms = means_.forms,
                             .time = time,
                             .egress = own_.egress_of(handover)};
    if (!event.is_apples) return of_recipient_alone(answer);
    ++figures_.answers[{entry.reply_class, reply.severity()}];
    if (event.status == DeliveryStatus::sent) return sent(answer);
    ICM_TRY(const bool is_known, hits_.is_known(event.recipient, entry.reply_class, time));
    tally_.add(entry.id, time, digest_of(event.recipient),
               is_known ? ReplyTally::Weight::is_known : ReplyTally::Weight::counts);
    if (is_watched(entry)) ICM_CHECK(watch(answer));
    ICM_CHECK(about_address(answer));
    return act(answer);
  }

  // Who may be a stranger pauses nothing, and no outage is told by him.
  Status of_recipient_alone(const AppleAnswer& answer) {
    if (answer.event.status != DeliveryStatus::sent) return about_address(answer);
    return hits_.taken(answer.event.recipient, answer.time);
  }

  Status sent(const AppleAnswer& answer) {
    // However the server's words read, the mail server took them for a yes.
    tally_.add(answer.entry.action == ReplyAction::record_success ? answer.entry.id
                                                                  : std::string_view("ok"),
               answer.time, digest_of(answer.event.recipient), ReplyTally::Weight::counts);
    ways_.take(answer.egress, answer.time);
    return hits_.taken(answer.event.recipient, answer.time);
  }

  Status watch(const AppleAnswer& answer) {
    const BreakerOpening* const opened = breaker_.observe(answer.entry.id, answer.time);
    if (opened == nullptr) return {};
    ++figures_.breaker_openings;
    const WallTime since = breaker_.doubted_since(*opened);
    ICM_CHECK(hits_.doubt(opened->entry, since));
    Alert alert = alert_of(answer, AlertKind::breaker, words_of_begin(*opened));
    alert.first = since;
    alert.count = opened->share.hits;
    return raise_alert(means_.book, alert, config_.alerts.quiet);
  }

  Status about_address(const AppleAnswer& answer) {
    if (!may_count_against_address(answer.entry, answer.reply)) return {};
    const auto mailbox = Mailbox::parse(answer.event.recipient);
    if (!mailbox) return {};
    return hits_.hit(
        {.address = mailbox->key(), .queue_id = answer.event.queue_id, .time = answer.time},
        answer.entry, answer.reply, breaker_.open_since());
  }

  Status act(const AppleAnswer& answer) {
    switch (answer.entry.action) {
      case ReplyAction::record_success:
      case ReplyAction::retry_soft:
      case ReplyAction::suppress_address:
      case ReplyAction::suspend_address:
        break;
      case ReplyAction::slow_address:
        slow_recipient(answer);
        break;
      case ReplyAction::pause_destination:
        if (is_of_connection(answer.entry)) {
          ways_.fault(way_answer(answer));
        } else {
          ways_.ask_for_less(way_answer(answer));
        }
        break;
      case ReplyAction::stop_destination_alert:
        // Our own mail server's words stop no way out.
        if (answer.reply.speaker != Speaker::ourselves) ways_.refuse(way_answer(answer));
        return raise(answer, "Apple takes no mail from " + own_.way_named(answer.egress));
      case ReplyAction::requeue_elsewhere:
        return raise(answer, own_.way_named(answer.egress) + " has sent as much as it may today");
      case ReplyAction::stop_message_alert:
        ICM_CHECK(count_refusal(answer, BackoffKind::mail_template, answer.handover.form));
        ICM_CHECK(raise(answer, "Apple refuses mail" + own_.mail_named(answer.handover)));
        break;
      case ReplyAction::fix_config_alert:
        ICM_CHECK(hold_domain(answer));
        return raise(answer, "Apple refuses mail" + own_.mail_named(answer.handover) +
                                 " until something is put right here");
      case ReplyAction::sample_alert:
        break;
    }
    if (answer.entry.reply_class != ReplyClass::unknown) return {};
    return sample(answer);
  }

  Status sample(const AppleAnswer& answer) {
    ICM_CHECK(note_sample(means_.book, answer.entry.id, answer.reply, kept_words(answer),
                          answer.event.queue_id, answer.time));
    if (answer.entry.action != ReplyAction::sample_alert) return {};
    return raise_alert(
        means_.book, alert_of(answer, AlertKind::unknown, "Apple gave an answer that is not known"),
        config_.alerts.quiet);
  }

  void slow_recipient(const AppleAnswer& answer) {
    const auto mailbox = Mailbox::parse(answer.event.recipient);
    if (!mailbox) return;
    BackoffOrder order = backoff_of(answer, ReplyEffect::slow_recipient, BackoffKind::recipient,
                                    person_word(mailbox->key()), config_.addresses.slow_for);
    order.backoff.every = config_.addresses.slow_every;
    wait_for(std::move(order));
  }

  // Who merely passes through with a From domain of somebody else's holds up nobody but himself.
  Status hold_domain(const AppleAnswer& answer) {
    const bool is_of_domain = answer.entry.scope == ReplyScope::sending_domain &&
                              answer.entry.reply_class != ReplyClass::sender_unregistered;
    const auto domain = Domain::parse(answer.handover.from_domain);
    const bool passes_through = answer.handover.origin == to_string(Origin::forwarded);
    if (!is_of_domain || !domain || !own_.is_own(*domain) || passes_through) return {};
    return count_refusal(answer, BackoffKind::from_domain, domain->text());
  }

  // Held back is what the same submitter sends, and nobody else.
  Status count_refusal(const AppleAnswer& answer, BackoffKind kind, const std::string& what) {
    const std::string subject = what + submitter_of(answer.handover);
    if (!backoff_subject(kind, subject) || answer.reply.speaker == Speaker::ourselves) return {};
    ICM_TRY(const bool is_enough,
            note_refusal(means_.book, kind, subject, means_.forms.stored(answer.event.recipient),
                         answer.time, config_.messages.recipients));
    if (!is_enough) return {};
    wait_for(backoff_of(
        answer,
        kind == BackoffKind::mail_template ? ReplyEffect::stop_template : ReplyEffect::hold_domain,
        kind, subject, config_.messages.hold));
    return {};
  }

  // The latest of a kind and subject is enough.
  void wait_for(BackoffOrder order) {
    const std::pair place(order.backoff.kind, order.backoff.subject);
    waiting_.insert_or_assign(place, std::move(order));
  }

  Status raise(const AppleAnswer& answer, std::string what) {
    Alert alert = alert_of(answer, AlertKind::answer, std::move(what));
    if (answer.entry.scope == ReplyScope::message ||
        answer.entry.scope == ReplyScope::sending_domain) {
      alert.subject = own_.subject_of(answer.handover);
    }
    return raise_alert(means_.book, alert, config_.alerts.quiet);
  }

  // In a log that is behind, the outage that an answer belongs to is perhaps yet to be read, and so
  // is the rest of one that is known. Nullopt while nothing is known.
  std::optional<WallTime> known_to(WallTime now,
                                   const std::optional<SourcePosition>& position) const {
    if (read_to_) return std::min(now, *read_to_);
    if (position && position->has_more) return std::nullopt;
    return now;
  }

  Status settle_at(WallTime now, std::optional<SourcePosition> position) {
    ICM_CHECK(begin());
    std::vector<AddressDecision> decisions;
    if (const std::optional<WallTime> known_to = this->known_to(now, position)) {
      // A bounce says nothing of how far the log was read.
      const WallTime passed = position ? *known_to : now;
      for (const BreakerOpening& one : breaker_.tick(passed)) means_.say(words_of_end(one));
      if (!breaker_.is_open()) {
        ICM_TRY(decisions, hits_.decide(*known_to));
      }
    }
    looked_at_ = known_to(now, position).value_or(looked_at_);
    if (!position || !position->has_more) read_to_.reset();
    ICM_TRY(std::vector<BackoffOrder> orders,
            ways_.orders(now, [&] { return orders_.standing(now); }));
    ICM_CHECK(orders_.carry_out(decisions, now));
    for (auto& [place, order] : waiting_) {
      const bool has_passed = order.backoff.until && *order.backoff.until <= now;
      if (!has_passed) orders.push_back(std::move(order));
    }
    waiting_.clear();
    ICM_CHECK(orders_.carry_out(orders, now));
    ICM_CHECK(tally_.save(means_.book));
    ICM_CHECK(breaker_.save(means_.book));
    ICM_CHECK(ways_.save());
    if (position) ICM_CHECK(means_.book.set_position(position->source, position->position));
    ICM_CHECK(means_.book.add_bounces(std::exchange(bounces_, 0)));
    ICM_CHECK(note_clock(means_.book, now));
    if (now - forgotten_ >= forget_every) {
      ICM_CHECK(means_.book.forget(now));
      tally_.forget_before(now - usual_over - std::chrono::hours{48});
      breaker_.forget_closed_before(now - openings_known_for);
      forgotten_ = now;
    }
    return means_.book.commit();
  }

  // When all is kept: an alert may come twice when we are ended here, but never too soon.
  Status tell(WallTime now) {
    ICM_TRY(const std::vector<Alert> due, due_alerts(means_.book, now, config_.alerts.quiet));
    for (const Alert& alert : due) {
      const ReplyEntry* const known = means_.table.find(alert.entry);
      const AlertText text = alert_text(alert, known == nullptr ? unknown_reply() : *known,
                                        config_.postmaster, own_.addresses());
      means_.say(fmt::format("{}; {} times since {}; icloud-milterctl replies show {}", text.title,
                             alert.count, to_rfc3339(alert.first), alert.entry));
      const Status sent = means_.alerts.send(text);
      ++figures_.alerts[alert.kind];
      if (!sent) {
        ++figures_.alerts_lost;
        means_.say(fmt::format("an alert could not be passed on: {}", sent.error().text));
      }
      ICM_CHECK(begin());
      ICM_CHECK(mark_sent(means_.book, alert, now));
      ICM_CHECK(means_.book.commit());
    }
    return {};
  }

  const RepliesConfig& config_;
  const LearnerMeans means_;
  const OwnMail own_;
  const NamedAppleDomains apple_;
  ReplyTally tally_;
  MassBounceBreaker breaker_;
  AddressHits hits_;
  Ways ways_;
  Orders orders_;
  std::map<std::pair<BackoffKind, std::string>, BackoffOrder> waiting_;
  WallTime forgotten_{};
  bool has_begun_ = false;
  LearnerFigures figures_;           // as far as they are counted here
  std::uint64_t bounces_ = 0;        // not in the book yet
  WallTime looked_at_{};             // how far the log was known when all was settled last
  std::optional<WallTime> read_to_;  // the latest answer since all was read, if any
};

}  // namespace

Result<std::unique_ptr<Learner>> Learner::make(const Config& config, LearnerMeans means) {
  auto learner = std::make_unique<ReplyLearner>(config, std::move(means));
  ICM_CHECK(learner->load());
  return std::unique_ptr<Learner>(std::move(learner));
}

}  // namespace icm
