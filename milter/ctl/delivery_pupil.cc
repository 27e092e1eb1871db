// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/delivery_pupil.h"

#include <array>
#include <climits>
#include <cstdio>

#include <unistd.h>

#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "milter/json_line.h"
#include "milter/service_manager.h"
#include "policy/learning/learner.h"
#include "policy/replies/reply_table_file.h"
#include "policy/store/stores.h"

namespace icm::ctl {
namespace {

constexpr std::chrono::seconds patience{20};

std::string name_of_host() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

// What the table says of an event. Most mail is taken, and then the words do not matter: they are
// not looked up.
class Classifier {
 public:
  explicit Classifier(const ReplyTable& table)
      : table_(table),
        taken_(parse_received_reply("250 2.0.0 Ok")),
        is_taken_(table.classify(taken_)) {}

  struct Meaning {
    const ReplyEntry& entry;
    ReceivedReply reply;
  };

  Meaning of(const DeliveryEvent& event) const {
    if (event.status == DeliveryStatus::sent) return {is_taken_, taken_};
    ReceivedReply reply = parse_received_reply(event.reply);
    const ReplyEntry& entry = table_.classify(reply);
    return {entry, std::move(reply)};
  }

 private:
  const ReplyTable& table_;
  ReceivedReply taken_;
  const ReplyEntry& is_taken_;
};

class LearningPupil final : public DeliveryPupil {
 public:
  LearningPupil(ReplyBook book, std::unique_ptr<SuppressionBook> suppressions,
                std::unique_ptr<BackoffBook> backoffs, ReplyTable table, AddressForms forms,
                const Config& config)
      : book_(std::move(book)),
        suppressions_(std::move(suppressions)),
        backoffs_(std::move(backoffs)),
        // There may be many, and each may wait for as long as the configuration says.
        alerts_(config.replies.alerts, name_of_host(), [] { ServiceManager().alive(); }),
        table_(std::move(table)),
        forms_(std::move(forms)),
        classifier_(table_) {}

  Status begin(const Config& config, const Clock& clock) {
    ICM_TRY(learner_, Learner::make(config, {.book = book_,
                                             .suppressions = *suppressions_,
                                             .backoffs = *backoffs_,
                                             .alerts = alerts_,
                                             .table = table_,
                                             .clock = clock,
                                             .say = [](const std::string& text) { complain(text); },
                                             .forms = forms_}));
    return {};
  }

  Result<std::optional<std::string>> position(const std::string& source) override {
    return book_.position(source);
  }

  Status take(const DeliveryEvent& event, const Handover& handover) override {
    const auto meaning = classifier_.of(event);
    return learner_->learn(event, handover, meaning.entry, meaning.reply);
  }

  Status settle(const std::string& source, const std::string& position, bool has_more) override {
    if (position.empty()) return learner_->settle();
    return learner_->settle(
        SourcePosition{.source = source, .position = position, .has_more = has_more});
  }

  Result<LearnerFigures> figures() override { return learner_->figures(); }

 private:
  ReplyBook book_;
  std::unique_ptr<SuppressionBook> suppressions_;
  std::unique_ptr<BackoffBook> backoffs_;
  ProgramAlertOutlet alerts_;
  ReplyTable table_;
  AddressForms forms_;
  Classifier classifier_;
  std::unique_ptr<Learner> learner_;  // works with all of them
};

class PrintingPupil final : public DeliveryPupil {
 public:
  explicit PrintingPupil(ReplyTable table) : table_(std::move(table)), classifier_(table_) {}

  Result<std::optional<std::string>> position(const std::string&) override {
    return std::optional<std::string>();
  }

  Status take(const DeliveryEvent& event, const Handover& handover) override {
    const auto [entry, reply] = classifier_.of(event);
    JsonLine line;
    line.begin_object();
    line.text("time", to_rfc3339(event.time));
    line.text("queue_id", event.queue_id);
    line.text("recipient", event.recipient);
    line.text("relay", event.relay_host);
    line.text("relay_ip", event.relay_ip);
    line.text("status", to_string(event.status));
    line.text("reply", event.reply);
    line.text("origin", handover.origin);
    line.text("login", handover.login);
    line.text("stream", handover.stream);
    line.text("sender", handover.sender);
    line.text("from_domain", handover.from_domain);
    line.text("form", handover.form);
    line.text("id", entry.id);
    line.text("class", to_string(entry.reply_class));
    line.text("nature", to_string(nature_of(entry, reply)));
    line.text("scope", to_string(entry.scope));
    line.text("action", to_string(entry.action));
    line.end_object();
    const std::string text = line.take() + "\n";
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return {};
    return fail(Code::permanent, "standard output cannot be written");
  }

  Status settle(const std::string&, const std::string&, bool) override {
    std::fflush(stdout);
    return {};
  }

  Result<LearnerFigures> figures() override { return LearnerFigures(); }

 private:
  ReplyTable table_;
  Classifier classifier_;
};

}  // namespace

Result<std::unique_ptr<DeliveryPupil>> learning_pupil(const Config& config, const Clock& clock) {
  const Deadline deadline = Deadline::in(patience);
  ICM_TRY(ReplyTable table, load_reply_table(config.replies.table));
  ICM_TRY(ReplyBook book,
          ReplyBook::open(config.replies.book, Database::Access::write, Missing::make, deadline));
  ICM_TRY(auto suppressions,
          open_book(config.store, Missing::refuse, deadline, credentials_directory()));
  ICM_TRY(auto backoffs, open_backoffs(config.store, credentials_directory()));
  ICM_TRY(AddressForms forms, address_forms(config.store, credentials_directory()));
  auto pupil =
      std::make_unique<LearningPupil>(std::move(book), std::move(suppressions), std::move(backoffs),
                                      std::move(table), std::move(forms), config);
  ICM_CHECK(pupil->begin(config, clock));
  return pupil;
}

Result<std::unique_ptr<DeliveryPupil>> printing_pupil(const Config& config) {
  ICM_TRY(ReplyTable table, load_reply_table(config.replies.table));
  return std::make_unique<PrintingPupil>(std::move(table));
}

}  // namespace icm::ctl
