package nomos.conformance;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;

/** Ordered messages. */
final class OrderingRows {
    private static final List<String> GROUPS = List.of("A", "B", "C", "D");
    private static final int PER_GROUP = 15;

    static final Map<String, RowProgram> ROWS = Map.of(
        "fifo-push", OrderingRows::pushInOrder,
        "fifo-simple", OrderingRows::receiveInOrder,
        "fifo-blocked-push", OrderingRows::failInOneGroup,
        "fifo-blocked-simple", OrderingRows::holdOneGroup,
        "fifo-dead-letter", OrderingRows::giveUpAndGoOn);

    private OrderingRows() {
    }

    /** Sends one message after the other, the groups taking turns, and gives the bodies by group. */
    private static Map<String, List<String>> sendOrdered(RowClients clients, List<String> groups, int perGroup)
        throws Exception {
        Producer producer = clients.producer();
        Map<String, List<String>> bodies = new LinkedHashMap<>();
        for (int index = 0; index < perGroup; index++) {
            for (String group : groups) {
                String body = group + "-" + index;
                producer.send(Messages.of(clients.topic(), body).setMessageGroup(group).build());
                bodies.computeIfAbsent(group, key -> new ArrayList<>()).add(body);
            }
        }
        return bodies;
    }

    private static void pushInOrder(RowClients clients) throws Exception {
        Inbox inbox = new Inbox();
        // A short wait in the handler would let later messages overtake, if any were handled at the same time.
        clients.push(inbox, delivery -> {
            Thread.sleep(ThreadLocalRandom.current().nextInt(10));
            return true;
        });
        Map<String, List<String>> sent = sendOrdered(clients, GROUPS, PER_GROUP);
        inbox.waitFor(GROUPS.size() * PER_GROUP);
        sent.forEach((group, bodies) -> Check.equal("order of " + group, inbox.bodiesOf(group), bodies));
        MessageView first = inbox.deliveries().get(0).message();
        Check.equal("message group", first.getMessageGroup().orElse(null), Messages.body(first).substring(0, 1));
    }

    private static void receiveInOrder(RowClients clients) throws Exception {
        Map<String, List<String>> sent = sendOrdered(clients, GROUPS, PER_GROUP);
        List<MessageView> received = Messages.receiveUntil(clients.simple(), GROUPS.size() * PER_GROUP);
        sent.forEach((group, bodies) -> Check.equal("order of " + group,
            Messages.bodies(received).stream().filter(body -> body.startsWith(group)).toList(), bodies));
    }

    private static void failInOneGroup(RowClients clients) throws Exception {
        Inbox inbox = new Inbox();
        clients.push(inbox, delivery -> !delivery.body().equals("A-0") || delivery.attempt() == 3);
        Map<String, List<String>> sent = sendOrdered(clients, List.of("A", "B", "C"), 4);
        inbox.waitFor(14);
        Check.equal("order of A", inbox.bodiesOf("A"), List.of("A-0", "A-0", "A-0", "A-1", "A-2", "A-3"));
        List<String> order = inbox.bodies();
        for (String group : List.of("B", "C")) {
            Check.equal("order of " + group, inbox.bodiesOf(group), sent.get(group));
            Check.holds(order.lastIndexOf("A-0") > order.indexOf(group + "-3"), group + " waited for A's retries");
        }
    }

    private static void holdOneGroup(RowClients clients) throws Exception {
        Map<String, List<String>> sent = sendOrdered(clients, List.of("A", "B"), 3);
        SimpleConsumer consumer = clients.simple();
        MessageView held = Messages.receiveOne(consumer);
        String own = held.getMessageGroup().orElse("");
        Check.equal("the first message", Messages.body(held), own + "-0");
        List<MessageView> others = Messages.receiveUntil(consumer, 3);
        Check.equal("the other group", Messages.bodies(others), sent.get(own.equals("A") ? "B" : "A"));
        consumer.ack(held);
        List<MessageView> rest = Messages.receiveUntil(consumer, 2);
        Check.equal("the held group", Messages.bodies(rest), List.of(own + "-1", own + "-2"));
    }

    private static void giveUpAndGoOn(RowClients clients) throws Exception {
        Inbox inbox = new Inbox();
        clients.push(inbox, delivery -> !delivery.body().equals("A-0"));
        sendOrdered(clients, List.of("A"), 3);
        inbox.waitFor(5);
        Check.equal("deliveries", inbox.bodies(), List.of("A-0", "A-0", "A-0", "A-1", "A-2"));
        SimpleConsumer reader = clients.simple("reader", "%DLQ%" + clients.group(), FilterExpression.SUB_ALL);
        MessageView dead = Messages.receiveOne(reader);
        Check.equal("dead letter", Messages.body(dead), "A-0");
        reader.ack(dead);
    }
}
