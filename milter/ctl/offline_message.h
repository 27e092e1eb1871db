// SPDX-License-Identifier: Apache-2.0
//
// A message file read whole enough to be authenticated: what the commands verify, seal and spf
// share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "milter/ctl/dns_option.h"
#include "milter/ctl/message_file.h"
#include "policy/auth/authenticator.h"
#include "policy/auth/second_opinion.h"

namespace CLI {
class App;
}

namespace icm::ctl {

// --client-ip, --helo, --mail-from.
struct ClientOption {
  std::optional<std::string> client_ip;
  std::string helo;
  std::string mail_from;
  void add_to(CLI::App& command);
  // No address: SPF is not asked.
  [[nodiscard]] Result<SpfQuestions> questions() const;
};

// One message, its header kept, its body streamed through an Authenticator.
class AuthenticatedMessage {
 public:
  explicit AuthenticatedMessage(AuthSources& sources) : sources_(sources) {}

  [[nodiscard]] Status read(const std::string& path);
  Authentication finish(const SpfQuestions& questions, WallTime now, Deadline deadline);

  const HeaderList& headers() const { return headers_; }
  const Authenticator& authenticator() const { return *authenticator_; }
  const Result<std::vector<Address>>& authors() const { return authors_; }
  SecondOpinions& opinions() { return *opinions_; }

 private:
  class Sink;
  AuthSources& sources_;
  HeaderList headers_;
  Result<std::vector<Address>> authors_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<SecondOpinions> opinions_;
};

// What the commands say of their MESSAGE.
inline constexpr std::string_view message_option_help =
    "The message, with LF or CRLF line ends; - is standard input. Required.";

// How long an offline command waits for the DNS.
inline constexpr std::chrono::seconds offline_deadline{20};

// --now TIME, or the machine's clock.
[[nodiscard]] Result<WallTime> time_or_now(const std::string& text);

// The `spf` object of `verify` and the whole answer of `spf`.
nlohmann::ordered_json to_json(const SpfResult& result);

}  // namespace icm::ctl
