# `net_server_mail.pl PORT FOLDER`: Net::Server::Mail as its manual shows it, which keeps each message as a file of the
# folder.
use strict;
use warnings;
use IO::Socket::INET;
use Net::Server::Mail::ESMTP;

my ($port, $folder) = @ARGV;
my $number = 0;
$SIG{CHLD} = 'IGNORE';

sub keep {
    my ($session, $data) = @_;
    my $name = "$$-" . ++$number;
    open(my $file, '>:raw', "$folder/.unfinished-$name") or return (0, 451, 'not now');
    print $file $$data;
    close $file;
    rename "$folder/.unfinished-$name", "$folder/$name.eml";
    return (1, 250, "message queued $name");
}

my $server = IO::Socket::INET->new(Listen => 1000, LocalAddr => '127.0.0.1', LocalPort => $port, ReuseAddr => 1);
while (1) {
    my $client = $server->accept or next;
    if (!fork) {
        my $session = Net::Server::Mail::ESMTP->new(socket => $client);
        $session->register('Net::Server::Mail::ESMTP::8BITMIME');
        $session->register('Net::Server::Mail::ESMTP::PIPELINING');
        $session->set_callback(RCPT => sub { return 1 });
        $session->set_callback(DATA => \&keep);
        $session->process;
        exit;
    }
    close $client;
}
