// SPDX-License-Identifier: Apache-2.0
//
// noop_milter: the floor that ratios are taken against. A libmilter filter that looks at nothing
// and differs from mode to mode only in which steps it lets the mail server wait for:
//
//   lean                      none; takes the whole message
//   accept-at-data            DATA alone, and lets the message go there
//   answering                 RCPT and DATA, as a filter must that can refuse a recipient or let a
//                             message go; takes the whole message
//   answering-accept-at-data  RCPT and DATA, and lets the message go there
//
// noop_milter SOCKET MODE, until killed.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <libmilter/mfapi.h>

namespace {

struct Mode {
  std::string_view name;
  bool answers_rcpt;
  bool answers_data;
  bool lets_go;
};

constexpr std::array modes = {
    Mode{"lean", false, false, false},
    Mode{"accept-at-data", false, true, true},
    Mode{"answering", true, true, false},
    Mode{"answering-accept-at-data", true, true, true},
};

// libmilter's callbacks have no argument of ours, so the one thing they must know is global. Set
// before the first of them runs.
const Mode* mode = nullptr;

constexpr unsigned long silent_everywhere = SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL |
                                            SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY |
                                            SMFIP_NR_UNKN;

sfsistat negotiate(SMFICTX* context, unsigned long, unsigned long steps, unsigned long,
                   unsigned long, unsigned long* actions_wanted, unsigned long* steps_wanted,
                   unsigned long* unused_2, unsigned long* unused_3) {
  *actions_wanted = 0;
  *steps_wanted = steps & (silent_everywhere | SMFIP_NOUNKNOWN | SMFIP_HDR_LEADSPC);
  if (!mode->answers_rcpt) *steps_wanted |= steps & SMFIP_NR_RCPT;
  if (!mode->answers_data) *steps_wanted |= steps & SMFIP_NR_DATA;
  *unused_2 = 0;
  *unused_3 = 0;
  // As few macros as icloud-milter asks for: the listener, the login, the queue id.
  char nothing[] = "";
  char daemon_name[] = "{daemon_name}";
  char login[] = "{auth_authen}";
  char queue_id[] = "i";
  smfi_setsymlist(context, SMFIM_CONNECT, daemon_name);
  smfi_setsymlist(context, SMFIM_HELO, nothing);
  smfi_setsymlist(context, SMFIM_ENVFROM, login);
  smfi_setsymlist(context, SMFIM_ENVRCPT, queue_id);
  smfi_setsymlist(context, SMFIM_DATA, queue_id);
  smfi_setsymlist(context, SMFIM_EOH, nothing);
  smfi_setsymlist(context, SMFIM_EOM, queue_id);
  return SMFIS_CONTINUE;
}

sfsistat connected(SMFICTX*, char*, _SOCK_ADDR*) { return SMFIS_NOREPLY; }
sfsistat helo(SMFICTX*, char*) { return SMFIS_NOREPLY; }
sfsistat mail(SMFICTX*, char**) { return SMFIS_NOREPLY; }
sfsistat rcpt(SMFICTX*, char**) { return mode->answers_rcpt ? SMFIS_CONTINUE : SMFIS_NOREPLY; }
sfsistat data(SMFICTX*) {
  if (!mode->answers_data) return SMFIS_NOREPLY;
  return mode->lets_go ? SMFIS_ACCEPT : SMFIS_CONTINUE;
}
sfsistat header(SMFICTX*, char*, char*) { return SMFIS_NOREPLY; }
sfsistat end_of_header(SMFICTX*) { return SMFIS_NOREPLY; }
sfsistat body(SMFICTX*, unsigned char*, size_t) { return SMFIS_NOREPLY; }
sfsistat go_on(SMFICTX*) { return SMFIS_CONTINUE; }

}  // namespace

int main(int argc, char** argv) {
  for (const Mode& known : modes) {
    if (argc == 3 && known.name == argv[2]) mode = &known;
  }
  if (mode == nullptr) {
    std::fputs("usage: noop_milter SOCKET lean|accept-at-data|answering|answering-accept-at-data\n",
               stderr);
    return 2;
  }
  char name[] = "noop";
  smfiDesc filter{};
  filter.xxfi_name = name;
  filter.xxfi_version = SMFI_VERSION;
  filter.xxfi_connect = connected;
  filter.xxfi_helo = helo;
  filter.xxfi_envfrom = mail;
  filter.xxfi_envrcpt = rcpt;
  filter.xxfi_header = header;
  filter.xxfi_eoh = end_of_header;
  filter.xxfi_body = body;
  filter.xxfi_eom = go_on;
  filter.xxfi_abort = go_on;
  filter.xxfi_close = go_on;
  filter.xxfi_data = data;
  filter.xxfi_negotiate = negotiate;
  if (smfi_setconn(argv[1]) == MI_FAILURE || smfi_register(filter) == MI_FAILURE ||
      smfi_opensocket(true) == MI_FAILURE) {  // true: in place of the socket of an earlier run
    return EXIT_FAILURE;
  }
  return smfi_main() == MI_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}
