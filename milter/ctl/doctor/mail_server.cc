// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/doctor/mail_server.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "milter/ctl/postfix/instance_service.h"
#include "milter/ctl/postfix/wiring_plan.h"
#include "policy/base/text.h"

namespace icm::ctl::doctor {
namespace {

// Postfix looks tables up while it holds mail up; one that takes so long is no table to have.
constexpr std::chrono::seconds table_patience{5};

}  // namespace

std::optional<std::chrono::seconds> parse_postfix_time(std::string_view text) {
  text = trim(text);
  std::uint64_t unit = 1;
  if (!text.empty() && !is_digit(text.back())) {
    switch (text.back()) {
      case 's':
        break;
      case 'm':
        unit = 60;
        break;
      case 'h':
        unit = 3600;
        break;
      case 'd':
        unit = 86400;
        break;
      case 'w':
        unit = 604800;
        break;
      default:
        return std::nullopt;
    }
    text.remove_suffix(1);
  }
  const auto number = parse_number(text);
  if (!number || *number > 100'000'000) return std::nullopt;
  return std::chrono::seconds(*number * unit);
}

Result<MailServer> MailServer::read(const std::string& directory) {
  ICM_TRY(postfix::PostfixPrograms programs,
          postfix::choose_instance(directory, "--postfix-config"));
  ICM_TRY(postfix::Configuration configuration, postfix::read_configuration(programs));
  return MailServer(std::move(programs), std::move(configuration));
}

bool MailServer::is_running() const { return postfix::is_running(programs_); }

const postfix::MilterEntry* MailServer::ours(const std::vector<postfix::MilterEntry>& milters,
                                             const Config& config, const MailServer& server) {
  const auto address = SocketAddress::parse(config.socket.address);
  if (!address) return nullptr;
  const auto found = std::ranges::find_if(milters, [&](const postfix::MilterEntry& entry) {
    return postfix::leads_to(entry, *address, server.configuration().queue_directory());
  });
  return found == milters.end() ? nullptr : &*found;
}

Result<std::optional<std::string>> MailServer::look_up(const std::string& table,
                                                       const std::string& key,
                                                       Deadline deadline) const {
  const std::string queue(configuration_.queue_directory());
  ICM_TRY(const ProgramEnd end,
          programs_.ask("postmap", {"-q", key, postfix::seen_from_here(table, queue)}, {},
                        deadline.at_most(table_patience)));
  if (end.status == 0) return std::optional(std::string(trim(end.output)));
  // Not found is status 1, too, and warnings may stand beside it.
  const auto fatal = end.errors.find("fatal:");
  if (fatal == std::string::npos) return std::optional<std::string>();
  return fail(Code::config, fmt::format("{} cannot be asked: {}", table,
                                        excerpt(trim(end.errors.substr(fatal)), 400)));
}

Result<postfix::Routes> MailServer::routes_of(const std::vector<std::string>& domains,
                                              Deadline deadline) const {
  return postfix::ask_routes(programs_, configuration_, domains, table_patience, deadline);
}

postfix::SingleRoutes MailServer::routes_of_people(const std::vector<std::string>& domains,
                                                   const Config& config, Deadline deadline) const {
  const std::string ours = postfix::table_of_daemon(config, configuration_.queue_directory());
  return postfix::single_routes(programs_, configuration_, domains, ours, table_patience, deadline);
}

postfix::FilterLines MailServer::filter_lines(const Config& config, Deadline deadline) const {
  return postfix::filter_lines(programs_, configuration_, config.roles, table_patience, deadline);
}

}  // namespace icm::ctl::doctor
