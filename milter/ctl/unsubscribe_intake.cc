// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl unsubscribe intake: a mail to the unsubscribe address, on standard input. Its
// exit statuses are those of sysexits.h, as pipe(8) and local(8) read them: of all that can go
// wrong here only EX_TEMPFAIL keeps the mail in the queue.
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "milter/ctl/configuration.h"
#include "milter/ctl/message_file.h"
#include "milter/ctl/unsubscribe_options.h"
#include "policy/base/text.h"
#include "policy/store/stores.h"
#include "policy/unsubscribe/intake.h"

namespace icm::ctl {
namespace {

constexpr std::size_t longest_field = 64u << 10;
constexpr std::size_t most_header_octets = 1u << 20;
constexpr std::chrono::seconds patience{60};  // Postfix waits 1000s (command_time_limit)

class HeaderSink final : public MessageSink {
 public:
  explicit HeaderSink(HeaderList& headers) : headers_(headers) {}

  // What is beyond the bound is no field that matters here: those stand further up.
  void header(std::string_view name, std::string_view value) override {
    if (headers_.wire_size() + name.size() + value.size() > most_header_octets) return;
    headers_.add(name, value);
  }
  void end_of_header() override {}
  void body(std::string_view) override {}  // read to its end: whoever writes it is not to be killed

 private:
  HeaderList& headers_;
};

Result<IntakeMail> read_mail(const UnsubscribeOptions& options) {
  IntakeMail mail;
  if (options.has_sender) mail.sender = options.sender;
  if (!options.recipient.empty()) mail.recipients = {options.recipient};
  HeaderSink sink(mail.headers);
  ICM_CHECK(read_message("-", longest_field, sink));
  return mail;
}

std::string_view words(icm::Outcome outcome) {
  switch (outcome) {
    case icm::Outcome::added:
    case icm::Outcome::changed:
      return "unsubscribed";
    case icm::Outcome::unchanged:
      return "had unsubscribed before";
  }
  return "";
}

// What Postfix logs, and puts into a bounce: one line on standard output. Whoever wrote the mail
// may read it, so it names no address that he has not shown to hold the token of.
Result<Exit> run(const UnsubscribeOptions& options) {
  ICM_TRY(const IntakeMail mail, read_mail(options));
  ICM_TRY(const UnsubscribeSite site, load_unsubscribe_site(options.config));
  const IntakeResult result = read_intake(site.tokens, site.place, site.scopes, mail);
  switch (result.kind) {
    case IntakeResult::Kind::automatic:
      fmt::print("no wish to unsubscribe: {}\n", result.evidence);
      return Exit::done;
    case IntakeResult::Kind::unclear:
      fmt::print("not unsubscribed: {}; please use the unsubscribe link in the mail itself\n",
                 result.evidence);
      return options.unclear == "discard" ? Exit::done : Exit::data_error;
    case IntakeResult::Kind::wish:
      break;
  }
  ICM_TRY(const auto book, open_book(site.config.store, Missing::refuse, Deadline::in(patience),
                                     credentials_directory()));
  ICM_TRY(const icm::Outcome outcome, keep_wish(site, *book, result.wish, "unsubscribe:mail",
                                                result.evidence, "unsubscribe intake"));
  fmt::print("{}: {} ({})\n", words(outcome), result.wish.scope, result.evidence);
  return Exit::done;
}

}  // namespace

Exit unsubscribe_intake(const UnsubscribeOptions& options) {
  try {
    const Result<Exit> done = run(options);
    if (done) return *done;
    return complain(done.error().text, Exit::try_again);
  } catch (const std::exception& error) {  // out of memory, or our bug: the wish is still there
    return complain(fmt::format("internal error: {}", error.what()), Exit::try_again);
  }
}

}  // namespace icm::ctl
