// SPDX-License-Identifier: Apache-2.0
#include "test/support/scenario.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "policy/base/text.h"
#include "test/support/scenario_text.h"

namespace icm {
namespace {

// Reads a file line by line; each directive has a function below.
class Parser {
 public:
  Parser(std::string file, WallTime now) : file_(std::move(file)), now_(now) {
    scenario_.file = file_;
  }

  Result<Scenario> parse(std::string_view text) {
    for (const std::string_view raw : split(text, '\n')) {
      ++line_;
      const Status done = take_line(raw.ends_with('\r') ? raw.substr(0, raw.size() - 1) : raw);
      if (!done) note(line_, done.error().text);
    }
    note_status(finish_inline_message());
    if (messages_ == 0) note(line_, "expected at least one mail, got none");
    if (!errors_.empty()) return fail(Code::syntax, errors_);
    return std::move(scenario_);
  }

 private:
  using Handler = Status (Parser::*)(std::string_view rest);
  struct Directive {
    std::string_view word;
    Handler handler;
  };
  static const std::vector<Directive>& directives() {
    static const std::vector<Directive> all = {
        {"config", &Parser::config},
        {"store", &Parser::store},
        {"ledger", &Parser::ledger},
        {"dns", &Parser::dns},
        {"connection", &Parser::connection},
        {"daemon", &Parser::daemon},
        {"client", &Parser::client},
        {"helo", &Parser::helo},
        {"login", &Parser::login},
        {"queue-id", &Parser::queue_id},
        {"mail", &Parser::mail},
        {"rcpt", &Parser::rcpt},
        {"message", &Parser::message},
        {"with", &Parser::with},
        {"without", &Parser::without},
        {"abort", &Parser::abort},
        {"expect", &Parser::expect},
    };
    return all;
  }

  void note(int line, std::string_view text) {
    if (!errors_.empty()) errors_ += '\n';
    errors_ += fmt::format("{}:{}: {}", file_, line, text);
  }
  void note_status(const Status& status) {
    if (!status) note(inline_line_, status.error().text);
  }

  Status take_line(std::string_view line) {
    if (line.starts_with('|')) return take_inline_line(line.substr(1));
    if (const Status done = finish_inline_message(); !done) note(inline_line_, done.error().text);
    if (line.starts_with('#')) {
      if (is_at_top_)
        scenario_.purpose +=
            fmt::format("{}{}", scenario_.purpose.empty() ? "" : " ", trim(line.substr(1)));
      return {};
    }
    is_at_top_ = false;
    if (trim(line).empty()) return {};
    std::string_view rest = line;
    const std::string_view word = take_word(rest);
    std::vector<std::string_view> words;
    for (const Directive& directive : directives()) {
      if (directive.word == word) return (this->*directive.handler)(rest);
      words.push_back(directive.word);
    }
    const auto meant = nearest(word, words);
    return fail(Code::syntax,
                fmt::format("unknown directive \"{}\"{}", for_log(word, 40),
                            meant ? fmt::format("; did you mean \"{}\"?", *meant) : ""));
  }

  Result<std::string> text(std::string_view rest) const {
    ICM_TRY(const std::string expanded, expand_placeholders(rest, now_));
    return unescape(expanded);
  }

  Result<std::vector<std::string>> words(std::string_view rest) const {
    std::vector<std::string> all;
    while (!rest.empty()) {
      ICM_TRY(std::string word, text(take_word(rest)));
      all.push_back(std::move(word));
    }
    if (all.empty()) return fail(Code::syntax, "expected an address, got nothing");
    return all;
  }

  // ---- the world

  Status config(std::string_view rest) {
    ScenarioSetting setting{.line = line_, .path = {}, .value = {}};
    for (const std::string_view part : split(take_word(rest), '.')) setting.path.emplace_back(part);
    if (setting.path.back().empty() || rest.empty()) {
      return fail(Code::syntax, "config: expected \"section.option value\"");
    }
    ICM_TRY(setting.value, expand_placeholders(rest, now_));
    scenario_.settings.push_back(std::move(setting));
    return {};
  }

  Status store(std::string_view rest) {
    ScenarioEntry entry;
    entry.line = line_;
    ICM_TRY(entry.address, text(take_word(rest)));
    if (entry.address == "broken" && rest.empty()) {
      scenario_.store_is_broken = true;
      return {};
    }
    entry.reason = take_word(rest);
    if (entry.reason.empty())
      return fail(Code::syntax, "store: expected \"ADDRESS REASON …\" or \"broken\"");
    ICM_CHECK(read_options("store: expected scope=, source=, expires= or note=", rest, now_,
                           {{"scope", &entry.scope},
                            {"source", &entry.source},
                            {"expires", &entry.expires},
                            {"note", &entry.note}}));
    scenario_.entries.push_back(std::move(entry));
    return {};
  }

  Status ledger(std::string_view rest) {
    ScenarioSubscription given;
    given.line = line_;
    ICM_TRY(given.address, text(take_word(rest)));
    ICM_CHECK(read_options(
        "ledger: expected scope=, consented=, source=, withdrawn= or engaged=", rest, now_,
        {{"scope", &given.scope},
         {"consented", &given.consented},
         {"source", &given.source},
         {"withdrawn", &given.withdrawn},
         {"engaged", &given.engaged}}));
    scenario_.subscriptions.push_back(std::move(given));
    return {};
  }

  Status dns(std::string_view rest) {
    ScenarioRecord record{.line = line_, .name = {}, .type = {}, .value = {}};
    ICM_TRY(record.name, text(take_word(rest)));
    record.type = take_word(rest);
    ICM_TRY(record.value, text(rest));
    static constexpr std::string_view types[] = {"A", "AAAA", "MX", "TXT", "PTR", "CNAME"};
    if (record.value.empty() || std::ranges::count(types, record.type) == 0) {
      return fail(Code::syntax, "dns: expected \"NAME A|AAAA|MX|TXT|PTR|CNAME VALUE\"");
    }
    scenario_.records.push_back(std::move(record));
    return {};
  }

  // ---- the connection

  Result<ScenarioConnection*> before_mail(std::string_view word) {
    if (scenario_.connections.empty()) scenario_.connections.emplace_back();
    if (!scenario_.connections.back().messages.empty()) {
      return fail(Code::syntax,
                  fmt::format("{}: expected before the first mail of a connection", word));
    }
    return &scenario_.connections.back();
  }

  Status connection(std::string_view rest) {
    if (!rest.empty()) return fail(Code::syntax, "connection: expected nothing behind it");
    scenario_.connections.emplace_back();
    current_ = nullptr;
    login_.clear();
    return {};
  }

  Status daemon(std::string_view rest) {
    ICM_TRY(ScenarioConnection* const here, before_mail("daemon"));
    ICM_TRY(here->daemon_name, text(rest));
    return {};
  }

  Status helo(std::string_view rest) {
    ICM_TRY(ScenarioConnection* const here, before_mail("helo"));
    ICM_TRY(here->helo, text(rest));
    return {};
  }

  Status client(std::string_view rest) {
    ICM_TRY(ScenarioConnection* const here, before_mail("client"));
    MilterPeer& peer = here->peer;
    peer.address = take_word(rest);
    peer.family = peer.address == "unix"                        ? 'L'
                  : peer.address == "unknown"                   ? 'U'
                  : peer.address.find(':') != std::string::npos ? '6'
                                                                : '4';
    while (!rest.empty()) {
      const std::string_view word = take_word(rest);
      const auto port = word.starts_with("port=") ? parse_number(word.substr(5)) : std::nullopt;
      if (word.starts_with("name=")) {
        ICM_TRY(peer.name, text(word.substr(5)));
      } else if (port && *port <= 65535) {
        peer.port = static_cast<std::uint16_t>(*port);
      } else {
        return fail(Code::syntax,
                    fmt::format("client: expected name= or port=, got \"{}\"", for_log(word, 40)));
      }
    }
    return {};
  }

  // ---- the message

  Status login(std::string_view rest) {
    ICM_TRY(login_, text(rest));
    return {};
  }

  Status queue_id(std::string_view rest) {
    using Known = MilterMail::QueueIdKnown;
    ICM_TRY(queue_id_, text(take_word(rest)));
    const std::string_view when = rest.empty() ? "at=rcpt" : take_word(rest);
    if (when == "at=mail") {
      queue_id_known_ = Known::at_mail;
    } else if (when == "at=rcpt") {
      queue_id_known_ = Known::after_first_recipient;
    } else if (when == "at=end") {
      queue_id_known_ = Known::at_end_of_header;
    } else if (when == "at=never") {
      queue_id_known_ = Known::never;
    } else {
      return fail(Code::syntax,
                  fmt::format("queue-id: expected at=mail, at=rcpt, at=end or at=never, got \"{}\"",
                              for_log(when, 40)));
    }
    return {};
  }

  Status mail(std::string_view rest) {
    ICM_TRY(std::vector<std::string> arguments, words(rest));
    if (scenario_.connections.empty()) scenario_.connections.emplace_back();
    ScenarioMessage made{.line = line_, .mail = {}, .at_recipient = {}, .at_end = {}};
    made.mail.mail = std::move(arguments);
    made.mail.login = login_;
    ++messages_;
    made.mail.queue_id = queue_id_.empty() ? fmt::format("4Scn{:03}", messages_) : queue_id_;
    made.mail.queue_id_known = queue_id_known_;
    queue_id_.clear();
    queue_id_known_ = MilterMail::QueueIdKnown::after_first_recipient;
    scenario_.connections.back().messages.push_back(std::move(made));
    current_ = &scenario_.connections.back().messages.back();
    has_content_ = false;
    return {};
  }

  Result<ScenarioMessage*> in_mail(std::string_view word) {
    if (current_ == nullptr)
      return fail(Code::syntax, fmt::format("{}: expected after a mail", word));
    return current_;
  }

  Status rcpt(std::string_view rest) {
    ICM_TRY(ScenarioMessage* const here, in_mail("rcpt"));
    if (has_content_) return fail(Code::syntax, "rcpt: expected before the message");
    ICM_TRY(std::vector<std::string> arguments, words(rest));
    here->mail.recipients.push_back(std::move(arguments));
    here->at_recipient.push_back({.line = line_, .expectations = {}});
    return {};
  }

  Status message(std::string_view rest) {
    ICM_TRY(ScenarioMessage* const here, in_mail("message"));
    if (has_content_) return fail(Code::syntax, "message: given twice for one mail");
    has_content_ = true;
    if (rest.empty()) {
      inline_.emplace();
      inline_line_ = line_;
      return {};
    }
    const std::string file = (std::filesystem::path(file_).parent_path() / rest).string();
    ICM_TRY(const std::string content, read_text_file(file));
    ICM_TRY(const std::string expanded, expand_placeholders(content, now_));
    return set_content(here->mail, with_crlf(expanded));
  }

  Status take_inline_line(std::string_view line) {
    if (!inline_) return fail(Code::syntax, "a line with | is expected after message alone");
    if (line.starts_with(' ')) line.remove_prefix(1);
    const bool is_open = line.ends_with('\\') && !line.ends_with("\\\\");  // no line end here
    if (is_open) line.remove_suffix(1);
    ICM_TRY(const std::string octets, text(line));
    *inline_ += octets;
    if (!is_open) *inline_ += "\r\n";
    return {};
  }

  Status finish_inline_message() {
    if (!inline_) return {};
    const std::string content = *std::move(inline_);
    inline_.reset();
    return set_content(current_->mail, content);
  }

  static Status set_content(MilterMail& mail, std::string_view content) {
    ICM_TRY(MessageText parts, split_message(content));
    mail.fields = std::move(parts.fields);
    mail.body = std::move(parts.body);
    return {};
  }

  Status with(std::string_view rest) {
    ICM_TRY(ScenarioMessage* const here, in_mail("with"));
    ICM_TRY(const std::string line, text(rest));
    ICM_TRY(auto field, parse_field(line));
    here->mail.fields.push_back(std::move(field));
    return {};
  }

  Status without(std::string_view rest) {
    ICM_TRY(ScenarioMessage* const here, in_mail("without"));
    const auto gone = std::erase_if(
        here->mail.fields, [&](const auto& field) { return equal_ascii(field.first, rest); });
    if (gone == 0)
      return fail(Code::syntax,
                  fmt::format("without: the message has no field \"{}\"", for_log(rest, 60)));
    return {};
  }

  Status abort(std::string_view) {
    ICM_TRY(ScenarioMessage* const here, in_mail("abort"));
    here->mail.ending = MilterMail::Ending::abort;
    return {};
  }

  Status expect(std::string_view rest) {
    ICM_TRY(ScenarioMessage* const here, in_mail("expect"));
    ScenarioExpectation made{
        .line = line_, .subject = std::string(take_word(rest)), .argument = {}};
    if (std::ranges::find(scenario_subjects(), made.subject) == scenario_subjects().end()) {
      const auto meant = nearest(made.subject, scenario_subjects());
      return fail(Code::syntax,
                  fmt::format("expect: unknown subject \"{}\"{}", for_log(made.subject, 40),
                              meant ? fmt::format("; did you mean \"{}\"?", *meant) : ""));
    }
    ICM_TRY(made.argument, expand_placeholders(rest, now_));
    const bool is_of_recipient = !has_content_ && !here->at_recipient.empty();
    (is_of_recipient ? here->at_recipient.back().expectations : here->at_end)
        .push_back(std::move(made));
    return {};
  }

  std::string file_;
  WallTime now_;
  Scenario scenario_;
  std::string errors_;
  int line_ = 0;
  int messages_ = 0;
  bool is_at_top_ = true;
  std::string login_;
  std::string queue_id_;
  MilterMail::QueueIdKnown queue_id_known_ = MilterMail::QueueIdKnown::after_first_recipient;
  ScenarioMessage* current_ = nullptr;  // the mail being described
  bool has_content_ = false;
  std::optional<std::string> inline_;  // an inline message being read
  int inline_line_ = 0;
};

}  // namespace

Result<Scenario> parse_scenario(std::string_view text, const std::string& file, WallTime now) {
  return Parser(file, now).parse(text);
}

Result<Scenario> read_scenario(const std::string& file, WallTime now) {
  ICM_TRY(const std::string content, read_text_file(file));
  return parse_scenario(content, file, now);
}

}  // namespace icm
