// SPDX-License-Identifier: Apache-2.0
#include "milter/decision.h"

#include <algorithm>

#include <fmt/format.h>

#include "milter/json_line.h"
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
    if (judged.held_back.empty() || judged.finding.weight != Weight::violation) continue;
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

void write_envelope(JsonLine& json, const Envelope& envelope) {
  json.text("queue_id", envelope.queue_id);
  json.text("role", to_string(envelope.role));
  json.text("origin", to_string(envelope.origin));
  json.text("origin_reason", envelope.origin_reason);
  json.text("client", envelope.client ? envelope.client->text() : std::string());
  json.text("client_name", envelope.client_name);
  json.text("helo", envelope.helo);
  json.text("login", envelope.login);
  json.text("mail_from", envelope.reverse_path.text);
  json.strings("recipients", [&](auto add) {
    for (const Recipient& recipient : envelope.recipients) add(recipient.text);
  });
  json.number("apple_recipients", apple_recipients(envelope));
}

void write_findings(JsonLine& json, const Verdict& verdict) {
  json.begin_array("findings");
  for (const Judged& judged : verdict.findings) {
    const Finding& finding = judged.finding;
    json.begin_object();
    json.text("policy", judged.policy);
    json.text("rule", finding.rule);
    json.text("mode", to_string(judged.mode));
    json.text("weight", to_string(finding.weight));
    json.text("effect", to_string(judged.effect));
    json.text("would", to_string(judged.would));
    json.text("held_back", judged.held_back);
    if (!finding.disputed.empty()) json.text("disputed", finding.disputed);
    json.text("reply", reply_text(finding.reply));
    json.text("evidence", finding.evidence);
    json.text("fix", finding.fix);
    json.text("prediction", finding.prediction);
    json.end_object();
  }
  json.end_array();
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
  line.number("ms", static_cast<std::size_t>(
                        std::chrono::round<std::chrono::milliseconds>(decision.took).count()));
  return line.take();
}

std::string to_json(const Decision& decision) {
  const Verdict& verdict = decision.verdict;
  const Finding* deciding = deciding_finding(verdict);
  JsonLine json;
  json.begin_object();
  json.text("time", to_rfc3339(decision.time));
  json.text("event", to_string(decision.event));
  write_envelope(json, decision.envelope);
  json.texts("from", decision.from);
  json.text("message_id", decision.message_id);
  json.text("form", decision.form);
  json.text("class", to_string(decision.classification.mail_class));
  json.text("stream", decision.classification.stream);
  json.text("class_reason", decision.classification.reason);
  json.text("verdict", to_string(verdict.disposition));
  json.text("policy", verdict.policy);
  json.text("rule", verdict.rule);
  json.text("reply", reply_text(verdict.reply));
  json.texts("removed_recipients", decision.removed_recipients);
  json.text("fix", deciding != nullptr ? std::string_view(deciding->fix) : std::string_view());
  json.milliseconds("ms", decision.took);
  json.number("bytes", decision.bytes);
  write_findings(json, verdict);
  json.end_object();
  return json.take();
}

}  // namespace icm
