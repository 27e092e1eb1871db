// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/offline_message.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace icm::ctl {

void ClientOption::add_to(CLI::App& command) {
  command
      .add_option("--client-ip", client_ip,
                  "The address the mail comes from, IPv4 or IPv6. Without it SPF is not asked.")
      ->option_text("IP");
  command.add_option("--helo", helo, "The client's name in HELO or EHLO. Default: none.")
      ->option_text("NAME");
  command
      .add_option("--mail-from", mail_from,
                  "The envelope sender; \"<>\" is the null sender of bounces, for which the HELO "
                  "name is asked about. Default: the null sender.")
      ->option_text("ADDRESS");
}

Result<SpfQuestions> ClientOption::questions() const {
  SpfQuestions questions;
  if (client_ip) {
    auto address = IpAddress::parse(*client_ip);
    if (!address) return fail_at("--client-ip", address.error());
    questions.clients.push_back(*address);
  }
  questions.helo = helo;
  std::string_view sender = mail_from;
  if (sender.size() >= 2 && sender.starts_with('<') && sender.ends_with('>'))
    sender = sender.substr(1, sender.size() - 2);
  questions.mail_from = std::string(sender);
  return questions;
}

class AuthenticatedMessage::Sink final : public MessageSink {
 public:
  explicit Sink(AuthenticatedMessage& message) : message_(message) {}

  void header(std::string_view name, std::string_view value) override {
    message_.headers_.add(name, value);
  }
  void end_of_header() override {
    const auto from = message_.headers_.all("From");
    message_.authors_ = from.size() == 1
                            ? parse_address_list(from.front().value)
                            : fail(Code::syntax, fmt::format("{} From fields", from.size()));
    message_.authenticator_ =
        std::make_unique<Authenticator>(message_.headers_, message_.authors_, message_.sources_,
                                        AuthNeeds{.sender = true, .arc = true, .sealing = false});
    message_.opinions_ = std::make_unique<SecondOpinions>(message_.headers_, message_.sources_);
  }
  void body(std::string_view chunk) override {
    message_.authenticator_->body(chunk);
    message_.opinions_->body(chunk);
  }

 private:
  AuthenticatedMessage& message_;
};

Status AuthenticatedMessage::read(const std::string& path) {
  constexpr std::size_t longest_field = 16u << 20;
  Sink sink(*this);
  return read_message(path, longest_field, sink);
}

Authentication AuthenticatedMessage::finish(const SpfQuestions& questions, WallTime now,
                                            Deadline deadline) {
  return authenticator_->finish(questions, now, deadline);
}

Result<WallTime> time_or_now(const std::string& text) {
  return text.empty() ? Result<WallTime>(SystemClock().now()) : parse_time(text);
}

nlohmann::ordered_json to_json(const SpfResult& result) {
  return {{"result", to_string(result.status)},
          {"domain", result.domain},
          {"identity", to_string(result.identity)},
          {"explanation", result.explanation},
          {"mechanism", result.mechanism},
          {"problem", result.problem},
          {"lookups", result.lookups},
          {"lookup_limit", spf_max_lookups},
          {"void_lookups", result.void_lookups},
          {"void_lookup_limit", spf_max_void_lookups},
          {"path", result.path}};
}

}  // namespace icm::ctl
