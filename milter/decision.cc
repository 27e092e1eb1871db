// SPDX-License-Identifier: Apache-2.0
#include "milter/decision.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "milter/reply_text.h"

namespace icm {
namespace {

constexpr std::size_t max_value = 300;  // octets of one value in the line for people

// The finding that decided; nullptr when nobody objected.
const Finding* deciding_finding(const Verdict& verdict) {
  for (const Judged& judged : verdict.findings) {
    if (!verdict.policy.empty() && judged.policy == verdict.policy &&
        judged.finding.rule == verdict.rule) {
      return &judged.finding;
    }
  }
  return nullptr;
}

std::string reply_text(const SmtpReply& reply) {
  return reply.code == 0 ? std::string() : to_string(legal_reply(reply));
}

// The line for people: words of key=value, one blank between them.
class Line {
 public:
  explicit Line(std::string_view queue_id) {
    // Postfix writes NOQUEUE where there is no queue id yet.
    if (queue_id.empty()) queue_id = "NOQUEUE";
    append_safe(queue_id, " :");
    line_ += ':';
  }

  // For values that may hold anything but are usually one word. An empty one is left out.
  void word(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    begin(key);
    append_safe(value, " =\"<>");
  }

  void number(std::string_view key, std::size_t value) {
    begin(key);
    fmt::format_to(std::back_inserter(line_), "{}", value);
  }

  void address(std::string_view key, std::string_view value) {
    begin(key);
    line_ += '<';
    append_safe(value, " \"<>");
    line_ += '>';
  }

  void quoted(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    begin(key);
    line_ += '"';
    append_safe(value, "\"");
    line_ += '"';
  }

  std::string take() { return std::move(line_); }

 private:
  void begin(std::string_view key) {
    line_ += ' ';
    line_ += key;
    line_ += '=';
  }

  // Printable ASCII stays, but for the backslash and `special`; everything else becomes \xNN.
  void append_safe(std::string_view value, std::string_view special) {
    for (const char c : value.substr(0, max_value)) {
      if (c >= ' ' && c < 0x7f && c != '\\' && special.find(c) == std::string_view::npos) {
        line_ += c;
      } else {
        fmt::format_to(std::back_inserter(line_), "\\x{:02x}", static_cast<unsigned char>(c));
      }
    }
    if (value.size() > max_value) line_ += "...";
  }

  std::string line_;
};

// Rules that found something which had no effect: what enforcing them would change.
std::string held_back_rules(const Verdict& verdict) {
  std::string rules;
  for (const Judged& judged : verdict.findings) {
    if (judged.held_back.empty() || judged.finding.weight == Weight::advice) continue;
    if (!rules.empty()) rules += ',';
    rules += judged.finding.rule;
  }
  return rules;
}

std::size_t apple_recipients(const Envelope& envelope) {
  return static_cast<std::size_t>(std::ranges::count_if(envelope.recipients, &Recipient::is_apple));
}

std::string_view to_string(Decision::Event event) {
  switch (event) {
    case Decision::Event::message:
      return "message";
    case Decision::Event::recipient:
      return "recipient";
  }
  return "invalid";
}

double milliseconds(std::chrono::microseconds span) {
  return static_cast<double>(span.count()) / 1000;
}

using Json = nlohmann::ordered_json;

Json findings_json(const Verdict& verdict) {
  Json list = Json::array();
  for (const Judged& judged : verdict.findings) {
    const Finding& finding = judged.finding;
    list.push_back({{"policy", judged.policy},
                    {"rule", finding.rule},
                    {"mode", to_string(judged.mode)},
                    {"weight", to_string(finding.weight)},
                    {"effect", to_string(judged.effect)},
                    {"would", to_string(judged.would)},
                    {"held_back", judged.held_back},
                    {"reply", reply_text(finding.reply)},
                    {"evidence", finding.evidence},
                    {"fix", finding.fix},
                    {"prediction", finding.prediction}});
  }
  return list;
}

Json envelope_json(const Envelope& envelope) {
  Json recipients = Json::array();
  for (const Recipient& recipient : envelope.recipients) recipients.push_back(recipient.text);
  return {{"queue_id", envelope.queue_id},
          {"role", to_string(envelope.role)},
          {"origin", to_string(envelope.origin)},
          {"origin_reason", envelope.origin_reason},
          {"client", envelope.client ? envelope.client->text() : std::string()},
          {"client_name", envelope.client_name},
          {"helo", envelope.helo},
          {"login", envelope.login},
          {"mail_from", envelope.reverse_path.text},
          {"recipients", std::move(recipients)},
          {"apple_recipients", apple_recipients(envelope)}};
}

}  // namespace

std::string to_line(const Decision& decision) {
  const Envelope& envelope = decision.envelope;
  const Verdict& verdict = decision.verdict;
  const Finding* deciding = deciding_finding(verdict);

  Line line(envelope.queue_id);
  line.word("verdict", to_string(verdict.disposition));
  line.word("policy", verdict.policy);
  line.word("rule", verdict.rule);
  line.word("role", to_string(envelope.role));
  line.word("origin", to_string(envelope.origin));
  if (envelope.client) line.word("client", envelope.client->text());
  line.word("login", envelope.login);
  line.address("from", envelope.reverse_path.text);
  if (decision.event == Decision::Event::recipient && !envelope.recipients.empty()) {
    line.address("to", envelope.recipients.front().text);
  } else {
    line.number("to", envelope.recipients.size());
    line.number("apple", apple_recipients(envelope));
    line.word("class", to_string(decision.classification.mail_class));
    line.word("stream", decision.classification.stream);
    line.quoted("message-id", decision.message_id);
    line.number("bytes", decision.bytes);
  }
  if (!decision.removed_recipients.empty()) {
    line.number("removed", decision.removed_recipients.size());
  }
  line.quoted("reply", reply_text(verdict.reply));
  line.word("would", held_back_rules(verdict));
  if (deciding != nullptr) {
    line.quoted("reason", deciding->evidence);
    line.quoted("fix", deciding->fix);
    line.quoted("predict", deciding->prediction);
  }
  line.number("ms", static_cast<std::size_t>(std::lround(milliseconds(decision.took))));
  return line.take();
}

std::string to_json(const Decision& decision) {
  const Finding* deciding = deciding_finding(decision.verdict);
  Json json = {{"time", to_rfc3339(decision.time)}, {"event", to_string(decision.event)}};
  json.update(envelope_json(decision.envelope));
  json.update({{"from", decision.from},
               {"message_id", decision.message_id},
               {"class", to_string(decision.classification.mail_class)},
               {"stream", decision.classification.stream},
               {"class_reason", decision.classification.reason},
               {"verdict", to_string(decision.verdict.disposition)},
               {"policy", decision.verdict.policy},
               {"rule", decision.verdict.rule},
               {"reply", reply_text(decision.verdict.reply)},
               {"removed_recipients", decision.removed_recipients},
               {"fix", deciding != nullptr ? deciding->fix : std::string()},
               {"ms", milliseconds(decision.took)},
               {"bytes", decision.bytes},
               {"findings", findings_json(decision.verdict)}});
  constexpr int no_indent = -1;
  constexpr bool ascii_only = true;  // no C1 control and no line separator reaches a terminal
  return json.dump(no_indent, ' ', ascii_only, Json::error_handler_t::replace);
}

}  // namespace icm
