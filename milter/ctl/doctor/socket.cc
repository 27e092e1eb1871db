// SPDX-License-Identifier: Apache-2.0
//
// The doctor on the milter's socket: whether Postfix's user may connect to it, by the path that
// stands in main.cf and master.cf and from inside the chroot where there is one.
#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "milter/ctl/doctor/mail_server.h"
#include "milter/ctl/doctor/other_user.h"

namespace icm::ctl::doctor {
namespace {

using postfix::MilterEntry;

// One way by which a process of Postfix comes to the socket.
struct Approach {
  std::string path;  // as it stands in the configuration
  bool is_chrooted = false;
  std::string service;  // the first that takes it
};

void note(std::vector<Approach>& approaches, const std::vector<MilterEntry>& milters,
          const postfix::Service* service, const Context& context) {
  const MilterEntry* const ours = MailServer::ours(milters, context.config, *context.mail_server);
  if (ours == nullptr || service == nullptr) return;
  Approach one{.path = ours->endpoint.substr(ours->endpoint.find(':') + 1),
               .is_chrooted = context.mail_server->configuration().is_chrooted(*service),
               .service = service->key()};
  const auto is_same = [&](const Approach& other) {
    return other.path == one.path && other.is_chrooted == one.is_chrooted;
  };
  if (std::ranges::none_of(approaches, is_same)) approaches.push_back(std::move(one));
}

std::vector<Approach> approaches_to(const Context& context) {
  const postfix::Configuration& configuration = context.mail_server->configuration();
  std::vector<Approach> approaches;
  for (const postfix::Listener& one : postfix::listeners_of(configuration)) {
    note(approaches, one.milters, one.service, context);
  }
  // cleanup(8) speaks to the milters of mail that did not come by SMTP.
  note(approaches, postfix::parse_milter_list(configuration.value("non_smtpd_milters")),
       configuration.service("cleanup", "unix"), context);
  return approaches;
}

// Who is in the way: a directory, or the socket itself.
Diagnosis denied(const OtherUser& user, const Approach& approach, const std::string& queue,
                 const std::string& why, Deadline deadline) {
  const std::string wall =
      user.first_impassable(approach.is_chrooted ? queue : std::string(),
                            approach.is_chrooted ? std::string() : queue, approach.path, deadline);
  if (wall.empty()) {
    return found(
        "socket.unreachable", approach.path,
        fmt::format("{}: every directory above it lets {} pass, the socket itself does not", why,
                    user.name()),
        "set socket: {group: postfix, mode: 0660} in milter.conf, then systemctl restart "
        "icloud-milter");
  }
  return found("socket.unreachable", approach.path,
               fmt::format("{}: {} may not pass {}", why, user.name(), wall),
               fmt::format("let {} pass {}: systemd-tmpfiles --create icloud-milter.conf where the "
                           "package made it, else chgrp and chmod g+x",
                           user.name(), wall));
}

void examine_path(const Context& context, const OtherUser& user, const Approach& approach,
                  Deadline deadline, Diagnoses& diagnoses) {
  const std::string queue(context.mail_server->configuration().queue_directory());
  const int error =
      user.connect_error(approach.is_chrooted ? queue : std::string(),
                         approach.is_chrooted ? std::string() : queue, approach.path, deadline);
  const std::string how =
      fmt::format("{} connects to {} as {}{}", approach.service, approach.path, user.name(),
                  approach.is_chrooted ? fmt::format(", in the chroot {}", queue) : "");
  if (error == 0) return add(diagnoses, found("socket.reachable", approach.path, how));
  // A daemon that is not there is told by the area daemon.
  const bool is_away = error == ECONNREFUSED || error == ENOENT;
  if (is_away && !context.daemon && !context.config.control.socket.empty()) return;
  const std::string why = fmt::format("{}: {}", how, std::generic_category().message(error));
  add(diagnoses, error == EACCES ? denied(user, approach, queue, why, deadline)
                                 : found("socket.unreachable", approach.path, why));
}

}  // namespace

Diagnoses examine_socket(const Context& context, Deadline deadline) {
  const auto address = SocketAddress::parse(context.config.socket.address);
  if (!address || address->family != SocketAddress::Family::unix_path) return {};
  if (context.mail_server == nullptr) return {unread(context)};
  const std::vector<Approach> approaches = approaches_to(context);
  if (approaches.empty()) return {};  // the area postfix says that the milter is not attached
  const std::string owner(context.mail_server->configuration().value("mail_owner"));
  const auto user = OtherUser::named(owner);
  if (!user) return {found("socket.not-tried", {}, user.error().text)};
  if (!OtherUser::can_be_tried()) {
    return {found("socket.not-tried", {}, fmt::format("this process cannot be {}", owner))};
  }
  Diagnoses diagnoses;
  for (const Approach& one : approaches) examine_path(context, *user, one, deadline, diagnoses);
  return diagnoses;
}

}  // namespace icm::ctl::doctor
