package nomos.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.producer.Producer;

/** Several consumers of one topic. */
final class SharingRows {
    private static final int SHARED = 300;
    private static final int HELD = 60;
    /** Messages of a push consumer are invisible for 60 s, and may have been renewed just before it was killed. */
    private static final long TAKEOVER_TIMEOUT_MS = 140_000;

    static final Map<String, RowProgram> ROWS = Map.of(
        "group-shares", SharingRows::share,
        "group-instance-dies", SharingRows::takeOver,
        "groups-get-all", SharingRows::giveAllToEach);

    private SharingRows() {
    }

    /** Sends so many messages, a few at a time, so that both instances have a chance. */
    private static List<String> sendPaced(RowClients clients, int count) throws Exception {
        Producer producer = clients.producer();
        List<String> bodies = IntStream.range(0, count).mapToObj(index -> "M-" + index).toList();
        for (String body : bodies) {
            producer.send(Messages.of(clients.topic(), body).build());
            Thread.sleep(5);
        }
        return bodies;
    }

    private static void share(RowClients clients) throws Exception {
        Inbox one = new Inbox();
        Inbox two = new Inbox();
        clients.push(one);
        clients.push(two);
        Thread.sleep(2_000);
        List<String> bodies = sendPaced(clients, SHARED);
        Thread.sleep(2_000);
        List<String> handled = new ArrayList<>(one.bodies());
        handled.addAll(two.bodies());
        Check.same("handled", handled, bodies);
        Check.holds(!one.bodies().isEmpty() && !two.bodies().isEmpty(), "one instance got nothing");
    }

    private static void takeOver(RowClients clients) throws Exception {
        ClientProcess dying = ClientProcess.start("hold", clients);
        Inbox inbox = new Inbox();
        clients.push(inbox);
        // The other process prints a line when it is there, and one for each message that it holds.
        dying.waitForLines(1);
        Thread.sleep(2_000);
        List<String> bodies = sendPaced(clients, HELD);
        dying.waitForLines(2);
        dying.kill();
        inbox.waitFor(bodies.size(), TAKEOVER_TIMEOUT_MS);
        Check.same("handled", inbox.bodies(), bodies);
    }

    private static void giveAllToEach(RowClients clients) throws Exception {
        List<String> bodies = sendPaced(clients, 20);
        for (String group : List.of("main", "other")) {
            SimpleConsumer consumer = clients.simple(group, clients.topic(), FilterExpression.SUB_ALL);
            Check.same("received by " + group, Messages.bodies(Messages.receiveUntil(consumer, bodies.size())), bodies);
        }
    }
}
