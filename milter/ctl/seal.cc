// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl seal: puts an ARC set on a message file.

#include <cstdio>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/command.h"
#include "milter/ctl/configuration.h"
#include "milter/ctl/offline_message.h"
#include "policy/auth/arc_seal.h"
#include "policy/auth/auth_results_grammar.h"
#include "policy/auth/key_file.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

struct Options {
  DnsOption dns;
  std::string key;
  std::string domain;
  std::string selector;
  std::string authserv_id;
  std::string timestamp;
  std::string headers;
  std::string message;
};

Result<std::string> read_whole(const std::string& path) {
  constexpr std::size_t max_size = 256u << 20;
  std::string text;
  ICM_CHECK(read_octets(path, [&](std::string_view chunk) {
    text += chunk;
    return text.size() <= max_size;
  }));
  if (text.size() > max_size)
    return fail(Code::config, fmt::format("{}: larger than 256 MiB", path));
  return text;
}

// Feeds a message that is already in memory through the same splitter as every other command.
class HeaderAndBody final : public MessageSink {
 public:
  explicit HeaderAndBody(AuthSources& sources) : sources_(sources) {}
  void header(std::string_view name, std::string_view value) override { headers.add(name, value); }
  void end_of_header() override {
    authenticator = std::make_unique<Authenticator>(
        headers, no_authors_, sources_, AuthNeeds{.sender = false, .arc = true, .sealing = true});
  }
  void body(std::string_view chunk) override { authenticator->body(chunk); }

  HeaderList headers;
  std::unique_ptr<Authenticator> authenticator;

 private:
  AuthSources& sources_;
  const Result<std::vector<Address>> no_authors_;
};

// The message with a set on top of its header, in the line ends that it has. A "From " line of an
// mbox stays the first; a message that begins with its body gets the empty line that was missing.
std::string with_set(const ArcSetValues& set, const std::string& message, bool has_header) {
  const std::size_t first_line = message.find('\n');
  const bool is_mbox = message.starts_with("From ") || message.starts_with(">From ");
  const std::size_t at = is_mbox && first_line != std::string::npos ? first_line + 1 : 0;
  std::string top = fmt::format("{}: {}\r\n{}: {}\r\n{}: {}\r\n", arc_seal_field, set.seal,
                                arc_message_field, set.message, arc_results_field, set.results);
  const std::string_view below = std::string_view(message).substr(at);
  const bool begins_with_body = !has_header && below.find_first_of("\r\n") != 0;
  if (begins_with_body) top += "\r\n";
  if (message.find("\r\n") == std::string::npos) std::erase(top, '\r');
  return message.substr(0, at) + top + std::string(below);
}

struct Sealed {
  ArcSetValues set;
  bool has_header = true;
};

// What is written into the set as it stands.
Status check_names(const Options& options) {
  for (const auto& [option, name] :
       {std::pair{"--domain", &options.domain}, std::pair{"--selector", &options.selector}}) {
    if (!Domain::parse(*name))
      return fail(Code::config, fmt::format("{}: expected a domain name, got \"{}\"", option,
                                            for_log(*name, 80)));
  }
  if (!is_token(options.authserv_id))
    return fail(Code::config, fmt::format("--authserv-id: expected a name such as mx.example.org, "
                                          "got \"{}\"",
                                          for_log(options.authserv_id, 80)));
  return {};
}

Result<Sealed> seal(const Options& options, const PrivateKey& key, const std::string& text,
                    Resolver& resolver) {
  ICM_CHECK(check_names(options));
  std::uint64_t timestamp = static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::seconds>(SystemClock().now()).time_since_epoch().count());
  if (!options.timestamp.empty()) {
    const auto given = parse_number(options.timestamp);
    if (!given)
      return fail(Code::config, fmt::format("--timestamp: expected seconds since 1970, got \"{}\"",
                                            options.timestamp));
    timestamp = *given;
  }
  std::vector<std::string> fields;
  for (const std::string& field :
       options.headers.empty() ? std::vector<std::string>{} : colon_list(options.headers)) {
    fields.push_back(field);
  }
  AuthSources sources(resolver, PublicSuffixList::system());
  HeaderAndBody sink(sources);
  MessageSplitter splitter(sink, text.size());
  splitter.feed(text);
  splitter.finish();
  const Authentication found =
      sink.authenticator->finish({}, SystemClock().now(), Deadline::in(offline_deadline));
  ICM_TRY(ArcSetValues set,
          make_arc_set(sink.headers, read_arc_headers(sink.headers), found.arc,
                       collect_results(sink.headers, options.authserv_id), found.body_hash.value(),
                       {.key = key,
                        .domain = options.domain,
                        .selector = options.selector,
                        .authserv_id = options.authserv_id,
                        .timestamp = timestamp,
                        .fields = std::move(fields)}));
  return Sealed{.set = std::move(set), .has_header = sink.headers.size() > 0};
}

Exit run(const Options& options) {
  const auto stop = [](Exit exit, const Error& error) { return complain(error.text, exit); };
  const auto key = read_key_file(options.key == "-" ? "/dev/stdin" : options.key, KeyGuard::person);
  if (!key) return stop(Exit::usage, key.error());
  for (const std::string& warning : key->warnings) complain("warning: " + warning);
  const auto resolver = options.dns.open();
  if (!resolver) return stop(Exit::usage, resolver.error());
  const auto message = read_whole(options.message);
  if (!message) return stop(Exit::usage, message.error());
  const auto sealed = seal(options, key->key, *message, **resolver);
  if (!sealed && sealed.error().code == Code::config) return stop(Exit::usage, sealed.error());
  const std::string result =
      sealed ? with_set(sealed->set, *message, sealed->has_header) : *message;
  std::fwrite(result.data(), 1, result.size(), stdout);
  if (std::fflush(stdout) != 0)
    return stop(Exit::refused, {Code::permanent, "standard output cannot be written"});
  return sealed ? Exit::done : stop(Exit::refused, sealed.error());
}

}  // namespace

void add_seal(CLI::App& app, Chosen& chosen) {
  auto* const command = app.add_subcommand(
      "seal",
      "Puts an ARC set (RFC 8617) on a message file and prints the message. A chain that has ended "
      "(cv=fail) or has 50 sets leaves it as it is.");
  auto options = std::make_shared<Options>();
  command->add_option("MESSAGE", options->message, std::string(message_option_help))
      ->option_text(" ")
      ->required();
  command
      ->add_option("--key", options->key,
                   "The private key in PEM, RSA or ed25519; - is standard input. Required.")
      ->option_text("KEY.pem")
      ->required();
  command->add_option("--domain", options->domain, "The domain that seals (d=). Required.")
      ->option_text("DOMAIN")
      ->required();
  command->add_option("--selector", options->selector, "The selector of its key (s=). Required.")
      ->option_text("SELECTOR")
      ->required();
  command
      ->add_option("--authserv-id", options->authserv_id,
                   "Whose Authentication-Results go into the set. Required.")
      ->option_text("NAME")
      ->required();
  command
      ->add_option("--timestamp", options->timestamp,
                   "The time of the signatures (t=), seconds since 1970. Default: now.")
      ->option_text("SECONDS");
  command
      ->add_option("--headers", options->headers,
                   "The fields to sign, as From:To:Subject. Default: all that matter to a reader.")
      ->option_text("FIELDS");
  options->dns.add_to(*command);
  command->footer(
      "Exit status: 0 sealed, 1 not sealed (the message is printed unchanged), 2 could not be "
      "read.\n"
      "Example:\n"
      "  icloud-milterctl seal m.eml --key arc.pem --domain example.org --selector arc1 "
      "--authserv-id mx.example.org");
  command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace icm::ctl
